// The official A2A SDK as another agent of `maxopt serve`.
//
//   a2a.mjs ORIGIN KEY OTHER_KEY      KEY sees Alpenglow and may read
import assert from 'node:assert/strict';
import { ClientFactory, ClientFactoryOptions, DefaultAgentCardResolver, JsonRpcTransportFactory } from '@a2a-js/sdk/client';

const [origin, key, other] = process.argv.slice(2);
const card = await (await fetch(new URL('/.well-known/agent-card.json', origin))).json();
assert.equal(card.supportedInterfaces[0].protocolVersion, '1.0');
assert(card.skills.some((skill) => skill.id === 'get_kpis'));

const fetchAs = (secret) => (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${secret}`);
  return fetch(input, { ...init, headers });
};
async function connect(secret) {
  const fetchImpl = fetchAs(secret);
  const factory = new ClientFactory(ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  }));
  return factory.createFromUrl(origin);
}
const message = (messageId, skill, args, more = {}) => ({
  tenant: '', metadata: undefined, configuration: undefined,
  message: { messageId, contextId: '', taskId: '', role: 1, metadata: undefined, extensions: [], referenceTaskIds: [],
             parts: [{ content: { $case: 'data', value: { skill, arguments: args } }, metadata: undefined,
                       filename: '', mediaType: 'application/json' }], ...more },
});
const kCompleted = 3, kInputRequired = 6, kRejected = 7;

const client = await connect(key);
const task = await client.sendMessage(message('m-1', 'list_clients', {}));
assert.equal(task.status.state, kCompleted);
assert.deepEqual(task.artifacts[0].parts[0].content.value.clients.map((one) => one.client), ['Alpenglow']);
const again = await client.sendMessage(message('m-1', 'list_clients', {}));
assert.equal(again.id, task.id, 'the same message is the same task');
const got = await client.getTask({ tenant: '', id: task.id });
assert.equal(got.status.state, kCompleted);

const events = [];
for await (const event of client.sendMessageStream(message('m-2', 'get_overview', {}))) {
  events.push(event.payload?.$case ?? event.$case ?? Object.keys(event)[0]);
}
assert.equal(events.length, 3, JSON.stringify(events));

const foreign = await client.sendMessage(message('m-3', 'get_kpis', { client: 'Borealis' }));
assert.notEqual(foreign.status.state, kCompleted);
const unknown = await client.sendMessage(message('m-4', 'approve_everything', {}));
assert.equal(unknown.status.state, kInputRequired);
const wrong = await client.sendMessage(message('m-5', 'get_kpis', { nonsense: 1 }));
assert.equal(wrong.status.state, kRejected);
await assert.rejects(client.cancelTask({ tenant: '', id: task.id, metadata: undefined }), /over|cancel/i);

const stranger = await connect(other);
await assert.rejects(stranger.getTask({ tenant: '', id: task.id }), /no task|not found/i);
const list = await client.listTasks({ tenant: '', contextId: '', status: 0, pageToken: '', statusTimestampAfter: undefined });
assert.equal(list.totalSize, 5);
console.log('a2a: as it should be');
process.exit(0);
