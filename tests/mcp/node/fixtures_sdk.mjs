// The official SDKs as clients of the conformance fixtures, over HTTP or stdio, in both eras.
//
//   fixtures_sdk.mjs http URL | stdio PROGRAM ARGUMENT...
import assert from 'node:assert/strict';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [how, ...rest] = process.argv.slice(2);
const stdio = { command: rest[0], args: rest.slice(1), stderr: 'inherit' };
const info = { name: 'maxopt-test', version: '1.0.0' };
const capabilities = { elicitation: { form: {}, url: {} }, sampling: {} };

async function judge(era, client) {
  const old = client instanceof OldClient;
  const { tools } = await client.listTools();
  assert(tools.some((tool) => tool.name === 'test_simple_text'), 'tools are listed');
  assert(tools.every((tool) => tool.inputSchema.type === 'object'));
  const text = await client.callTool({ name: 'test_simple_text', arguments: {} });
  assert.equal(text.content[0].text, 'This is a simple text response for testing.');
  const failed = await client.callTool({ name: 'test_error_handling', arguments: {} });
  assert.equal(failed.isError, true);
  await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), /Unknown tool/);

  const steps = [];
  const onprogress = (progress) => steps.push(progress.progress);
  await client.callTool({ name: 'test_tool_with_progress', arguments: {} },
                        ...(old ? [undefined] : []), { onprogress });
  assert.deepEqual(steps, [0, 50, 100]);

  const { resources } = await client.listResources();
  assert(resources.some((resource) => resource.uri === 'test://static-text'));
  const read = await client.readResource({ uri: 'test://template/7/data' });
  assert.equal(JSON.parse(read.contents[0].text).id, '7');
  await assert.rejects(client.readResource({ uri: 'test://none' }), /not found/i);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert(resourceTemplates.length > 0);
  const { prompts } = await client.listPrompts();
  assert(prompts.some((prompt) => prompt.name === 'test_simple_prompt'));
  const prompt = await client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } });
  assert.match(prompt.messages[0].content.text, /arg1='a', arg2='b'/);
  const completed = await client.complete({ ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
                                            argument: { name: 'arg1', value: 'par' } });
  assert.deepEqual(completed.completion.values, ['paris', 'park', 'party']);

  // Asked meanwhile in the older era, called again in the newer: the tool is the same.
  const asked = await client.callTool({ name: 'test_input_required_result_elicitation', arguments: {} });
  assert.equal(asked.content[0].text, 'Hello, Ada!');
  const many = await client.callTool({ name: 'test_input_required_result_multi_round', arguments: {} });
  assert.equal(many.content[0].text, 'both answered');
  console.log(`${how} ${era}: as it should be`);
}

const elicit = async (request) => {
  const fields = Object.keys(request.params.requestedSchema?.properties ?? {});
  return { action: 'accept', content: Object.fromEntries(fields.map((field) => [field, 'Ada'])) };
};
const sample = async () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } });

{
  const client = new OldClient(info, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, elicit);
  client.setRequestHandler(CreateMessageRequestSchema, sample);
  await client.connect(how === 'http' ? new OldHttp(new URL(rest[0])) : new OldStdio(stdio));
  assert.equal(client.getServerVersion().name, 'maxopt');
  await client.ping();
  await judge('initialize, old SDK', client);
  await client.close();
}
for (const mode of [{ pin: '2026-07-28' }, 'auto', 'legacy']) {
  const client = new Client(info, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', elicit);
  client.setRequestHandler('sampling/createMessage', sample);
  await client.connect(how === 'http' ? new StreamableHTTPClientTransport(new URL(rest[0]))
                                      : new StdioClientTransport(stdio));
  await judge(typeof mode === 'string' ? mode : 'modern', client);
  await client.close();
}
process.exit(0);
