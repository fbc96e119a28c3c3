// Users and groups to write: bodies that are right, with names of their own, and what was made of them.
import type { JsonObject } from '../../src/model.ts';
import { text } from './client.ts';
import type { Client } from './client.ts';

export const password = 'xWwvJ]6NMw+bWH-d';
let turn = 0;

/** A number nobody had. */
export function next(): number {
  turn += 1;
  return turn;
}

export function userBody(more: JsonObject = {}): JsonObject {
  const number = next();
  return {
    accountEnabled: true,
    displayName: `Made ${number}`,
    mailNickname: `made${number}`,
    userPrincipalName: `made${number}@contoso.example`,
    passwordProfile: { password, forceChangePasswordNextSignIn: true },
    ...more,
  };
}

export function groupBody(more: JsonObject = {}): JsonObject {
  const number = next();
  return { displayName: `Made ${number}`, mailEnabled: false, mailNickname: `group-made-${number}`, securityEnabled: true, ...more };
}

/** The id of what a POST made. */
export async function make(client: Client, collection: 'users' | 'groups', body: JsonObject): Promise<string> {
  const reply = await client.write('POST', collection, body);
  if (reply.status !== 201) throw new Error(reply.text);
  return text(reply.body['id']);
}
