// `GET /subscriptions`: what the application may read, in pages. https://learn.microsoft.com/rest/api/resources/subscriptions/list
import type { Answer } from '../answer.ts';
import type { Management } from './management.ts';
import { AzureRefusal } from './refusals.ts';

const pageSize = 400;

export function answerSubscriptions({ estate, readable, origin }: Management, parameters: URLSearchParams): Answer {
  const from = Number(parameters.get('$skiptoken') ?? 0);
  if (!Number.isSafeInteger(from) || from < 0)
    throw new AzureRefusal(400, { code: 'InvalidSkipToken', message: 'The skip token is not valid.' });
  // In no order.
  const all = readable().toReversed();
  const value = all.slice(from, from + pageSize).map((at) => {
    const subscriptionId = estate.places.subscriptions[at] ?? '';
    return {
      id: `/subscriptions/${subscriptionId}`,
      subscriptionId,
      tenantId: estate.places.tenantId,
      displayName: `Subscription ${at}`,
      state: 'Enabled',
      authorizationSource: 'RoleBased',
    };
  });
  const next = from + pageSize;
  const nextLink =
    next < all.length
      ? { nextLink: `${origin()}/subscriptions?api-version=${parameters.get('api-version') ?? ''}&$skiptoken=${next}` }
      : {};
  return { status: 200, headers: {}, body: { value, count: { type: 'Total', value: all.length }, ...nextLink } };
}
