# The worker as a container: compiled once, run without sources, development packages or root.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY simulator ./simulator
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-slim AS worker
ENV NODE_ENV=production
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
# node itself receives SIGTERM, so that the worker drains.
# Its garbage is kept small, and what native code frees is given back: src/stack/workerProcess.ts.
CMD ["node", "--max-semi-space-size=16", "--max-old-space-size=1024", "dist/src/worker.js"]
