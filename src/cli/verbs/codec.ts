// tidemark codec: the codec endpoint of this machine, until Ctrl-C. Whoever can reach it reads all payloads: it listens on loopback only.
import { readCodecKeys } from '../../clients/codec/keys.ts';
import { createPayloadCodec } from '../../clients/codec/payloadCodec.ts';
import { TidemarkError } from '../../errors.ts';
import { startCodecServer } from '../codecServer.ts';
import type { Context } from '../context.ts';
import { untilStopped } from '../signals.ts';

export interface CodecOptions {
  readonly port: number;
  readonly origin: readonly string[];
}

export async function codec(context: Context, { port, origin: origins }: CodecOptions): Promise<void> {
  const { codecKeyFile } = (await context.config()).temporal;
  if (codecKeyFile === null) {
    throw new TidemarkError('CONFIG_INVALID', 'TIDEMARK_CODEC_KEY_FILE is not set: there is nothing to decode by.', {
      hint: 'Set it to the file of the keys that the workers have.',
    });
  }
  if (port > 65_535) throw new TidemarkError('CONFIG_INVALID', `${port} is no port.`, { hint: 'Ports end at 65535.' });
  const wrong = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong !== undefined) {
    throw new TidemarkError('CONFIG_INVALID', `--origin ${wrong} is no origin.`, {
      hint: 'Write it as https://temporal-ui.example, without a path.',
    });
  }
  const stopped = untilStopped();
  const server = await startCodecServer({ port, origins, codec: createPayloadCodec(await readCodecKeys(codecKeyFile)) });
  context.output.note(`The codec endpoint serves at ${server.address}. Ctrl-C ends it.`);
  await stopped;
  await server.stop();
}
