// The official SDKs against the product itself: `maxopt serve` with keys, and `maxopt mcp` on stdio.
// The home has the clients Alpenglow and Borealis; the first key sees Alpenglow only.
//
//   product_sdk.mjs ORIGIN READING_KEY OPERATOR_KEY PROGRAM HOME
import assert from 'node:assert/strict';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [origin, reading, operating, program, home] = process.argv.slice(2);
const url = new URL('/mcp', origin);
const info = { name: 'maxopt-test', version: '1.0.0' };
const bearer = (key) => ({ requestInit: { headers: { Authorization: `Bearer ${key}` } } });

const unknown = new Client(info, { versionNegotiation: { mode: 'auto' } });
await assert.rejects(unknown.connect(new StreamableHTTPClientTransport(url, bearer('mk_none_x'))));

async function asReader(client) {
  const { tools } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  assert(names.includes('get_kpis') && names.includes('ask_scenario'));
  assert(!names.includes('optimize_propose'), 'a viewer has no tools that write');
  assert(tools.every((tool) => tool.annotations.readOnlyHint === true));
  // The SDK checks structured content against the output schema by itself.
  const clients = await client.callTool({ name: 'list_clients', arguments: {} });
  assert.deepEqual(clients.structuredContent.clients.map((one) => one.client), ['Alpenglow']);
  const overview = await client.callTool({ name: 'get_overview', arguments: {} });
  assert(!overview.isError, JSON.stringify(overview.content));
  assert(!JSON.stringify(overview).includes('Borealis'));
  const foreign = await client.callTool({ name: 'get_kpis', arguments: { client: 'Borealis' } });
  assert.equal(foreign.isError, true);
  assert.match(foreign.content[0].text, /there is no client "Borealis"/);
  const { resources } = await client.listResources();
  assert(resources.some((one) => one.uri === 'maxopt://specs/meta'));
  const spec = await client.readResource({ uri: 'maxopt://specs/meta' });
  assert(JSON.parse(spec.contents[0].text).requirements.length > 20);
  const prompt = await client.getPrompt({ name: 'monitor_day', arguments: { client: 'Alpenglow' } });
  assert.match(prompt.messages[0].content.text, /Alpenglow/);
}

const old = new OldClient(info);
await old.connect(new OldHttp(url, bearer(reading)));
await asReader(old);
await old.close();
const modern = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
await modern.connect(new StreamableHTTPClientTransport(url, bearer(reading)));
await asReader(modern);
await modern.close();
console.log('serve, reading: as it should be');

const operator = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
await operator.connect(new StreamableHTTPClientTransport(url, bearer(operating)));
const { tools } = await operator.listTools();
assert(tools.some((tool) => tool.name === 'optimize_propose' && !tool.annotations.readOnlyHint));
const both = await operator.callTool({ name: 'list_clients', arguments: {} });
assert.deepEqual(both.structuredContent.clients.map((one) => one.client).sort(), ['Alpenglow', 'Borealis']);
// Without a policy and accounts nothing can be proposed, and that is said.
const refused = await operator.callTool({ name: 'propose_scenario_budgets',
                                          arguments: { client: 'Alpenglow', budgets: { 'meta/social': '10.00' } } });
assert.equal(refused.isError, true);
await operator.close();
console.log('serve, operating: as it should be');

// The same home by stdio, while serve is running: they take turns.
const local = new Client(info, { versionNegotiation: { mode: 'auto' } });
await local.connect(new StdioClientTransport({ command: program, args: ['--home', home, 'mcp', '--client', 'Borealis'],
                                               stderr: 'inherit' }));
const one = await local.callTool({ name: 'list_clients', arguments: {} });
assert.deepEqual(one.structuredContent.clients.map((client) => client.client), ['Borealis']);
await local.close();
console.log('stdio: as it should be');
process.exit(0);
