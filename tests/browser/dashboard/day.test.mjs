// A working day: an alert, its diagnosis, scenarios, a plan approved, watched, undone, a report made;
// once by mouse and once by keyboard alone. On the recorded views, whose writes are kept in memory.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../../web/dashboard/dev/server.mjs';
import { hasBrowser, openBrowser, openPage } from './browser.mjs';
import { aDay } from './day.mjs';

const options = hasBrowser ? {} : { skip: 'no Chromium is installed' };
let browser;
before(async () => {
  if (hasBrowser) browser = await openBrowser();
});
after(() => browser?.close());

for (const keyboard of [false, true]) {
  test(`a day ${keyboard ? 'by keyboard alone' : 'by mouse'}`, options, async () => {
    const server = await startServer();
    const page = await openPage(browser);
    const sent = [];
    page.on('request', (request) => {
      if (request.method() !== 'GET') sent.push({ path: new URL(request.url()).pathname, headers: request.headers(), body: request.postData() });
    });
    await aDay(page, { origin: server.origin, client: 'Alpenglow', keyboard, channel: 'meta/social-retargeting', budget: '250.00' });

    const paths = sent.map(({ path }) => path.replace(/^\/api\/v1\/clients\/Alpenglow/, '').replace(/(p|a|alerts|r)-[\w-]+/, 'ID'));
    for (const wanted of ['/alerts/ID/acknowledge', '/scenarios', '/plans/ID/approve', '/plans/ID/apply', '/plans/ID/undo', '/reports']) {
      assert.ok(paths.includes(wanted), `${wanted} was sent; sent were ${paths.join(' ')}`);
    }
    // Every write can be told from its repetition, and from another site's.
    for (const { path, headers } of sent) {
      assert.match(headers['idempotency-key'] ?? '', /^[0-9a-f]{32}$/, path);
      assert.equal(headers['x-csrf-token'], 't', path);
    }
    assert.equal(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size, sent.length);
    const asked = sent.find(({ path, body }) => path.endsWith('/scenarios') && body?.includes('250.00'));
    assert.deepEqual(JSON.parse(asked.body).scenarios.at(-1).set, { 'meta/social-retargeting': '250.00' });
    assert.deepEqual(page.wrongs, []);
    await page.context().close();
    await server.close();
  });
}
