// A working day: an alert, its diagnosis, scenarios, a plan approved, watched, undone, a report made;
// once by mouse and once by keyboard alone. On the recorded views, whose writes are kept in memory.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../../web/dashboard/dev/server.mjs';
import { hasBrowser, openBrowser, openPage, settle } from './browser.mjs';

const options = hasBrowser ? {} : { skip: 'no Chromium is installed' };
let browser;
before(async () => {
  if (hasBrowser) browser = await openBrowser();
});
after(() => browser?.close());

/** Presses what has this name: with the mouse, or by walking to it with the tab key and Enter. */
function hands(page, keyboard) {
  return async (locator) => {
    await locator.waitFor();
    if (!keyboard) return locator.click();
    for (let i = 0; i < 160; i += 1) {
      if (await locator.evaluate((element) => element === document.activeElement)) return page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
    }
    throw new Error(`the tab key does not reach ${locator}`);
  };
}

for (const keyboard of [false, true]) {
  test(`a day ${keyboard ? 'by keyboard alone' : 'by mouse'}`, options, async () => {
    const server = await startServer();
    const page = await openPage(browser);
    const sent = [];
    page.on('request', (request) => {
      if (request.method() !== 'GET') sent.push({ path: new URL(request.url()).pathname, headers: request.headers(), body: request.postData() });
    });
    const press = hands(page, keyboard);
    const main = page.locator('main');
    const go = async (words) => {
      if (keyboard) {
        await page.keyboard.press('Control+k');
        await page.keyboard.type(words);
        await page.keyboard.press('Enter');
      } else await page.getByRole('navigation').getByRole('link', { name: words, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: words }).waitFor();
      await settle(page);
    };
    const openFirst = async (grid) => {
      if (keyboard) {
        const cell = page.getByRole('grid', { name: grid }).locator('[tabindex="0"]');
        for (let i = 0; i < 160 && !(await cell.evaluate((element) => element === document.activeElement)); i += 1) await page.keyboard.press('Tab');
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
      } else await page.getByRole('grid', { name: grid }).getByRole('link').first().click();
      await settle(page);
    };

    await page.goto(`${server.origin}/#/c/Alpenglow/overview`);
    await settle(page);
    await go('Alerts');
    await openFirst('Open alerts');
    await page.getByRole('heading', { name: 'Diagnosis' }).waitFor();
    await press(page.getByRole('button', { name: 'Acknowledge' }));
    await page.getByText('Acknowledged:').waitFor();

    await go('Budget planner');
    const amount = page.getByRole('textbox', { name: 'Budget of meta/social-retargeting, amount' });
    if (keyboard) {
      for (let i = 0; i < 160 && !(await amount.evaluate((element) => element === document.activeElement)); i += 1) await page.keyboard.press('Tab');
      await page.keyboard.press('Control+a');
      await page.keyboard.type('250.00');
    } else await amount.fill('250.00');
    await press(page.getByRole('button', { name: 'Compare', exact: true }));
    await settle(page);
    assert.match(await main.innerText(), /λ/);
    await page.getByRole('group', { name: 'Scenarios side by side' }).waitFor();

    await go('Plans');
    await openFirst('Plans');
    await press(page.getByRole('button', { name: 'Approve', exact: true }));
    await press(page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }));
    await page.getByText('Nothing is sent before it is applied.').waitFor();
    await press(main.getByRole('button', { name: 'Apply', exact: true }));
    await press(page.getByRole('dialog').getByRole('button', { name: 'Apply', exact: true }));
    await page.getByText(/^Applying:/).waitFor();
    await page.getByText('The plan is applied').waitFor({ timeout: 20_000 });
    await press(main.getByRole('button', { name: 'Undo', exact: true }));
    await press(page.getByRole('dialog').getByRole('button', { name: 'Make the inverse plan' }));
    await page.getByRole('heading', { level: 1, name: /^undo / }).waitFor();

    await go('Reports');
    await press(main.getByRole('button', { name: 'Make a report' }));
    await press(page.getByRole('dialog').getByRole('button', { name: 'Make a report' }));
    await main.getByText('Ready:').waitFor();

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
