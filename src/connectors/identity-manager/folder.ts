// A directory as settings name it; the worker says below which of its own it has to be.
import { z } from 'zod';

export const folder = z.string().regex(/^[^\0\r\n]{1,1024}$/, 'must be the path of a directory');
