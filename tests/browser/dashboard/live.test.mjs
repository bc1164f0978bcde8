// The working day on the real program: simulated platforms on sockets, their past collected, alerts and
// a plan of Max's own, `maxopt serve`, and a person who logs in by its link; by mouse, and then on the same
// home by keyboard alone, which approves, applies and undoes the plan that the first day's undo made. Then every
// page with what that left, in both themes, wide and at 320 px.
// MAXOPT names the program, MAXOPT_EXAMPLES the folder of example documents.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { hasBrowser, kPages, openBrowser, openPage } from './browser.mjs';
import { aDay } from './day.mjs';
import { walk } from './walk.mjs';

const program = process.env.MAXOPT;
const options = hasBrowser && program ? {} : { skip: 'no Chromium, or MAXOPT names no program' };
// Sanitized programs on a busy machine take their time.
const patience = 120_000;
const running = [];
let browser, folder, home, environment;

/** Starts the program and waits until it has said what `wanted` finds. */
async function start(args, wanted) {
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const said = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    const found = wanted.exec(line);
    if (found) {
      child.stdout.resume();
      return found;
    }
  }
  throw new Error(`${args.join(' ')} ended, saying: ${said.join('\n')}`);
}
/** What the program prints; 2 is no failure of it: something waits for a person. */
async function run(...args) {
  try {
    return (await promisify(execFile)(program, args, { env: environment, maxBuffer: 1 << 24 })).stdout;
  } catch (error) {
    if (error.code === 2) return error.stdout;
    throw error;
  }
}

before(async () => {
  if (options.skip) return;
  folder = mkdtempSync(join(tmpdir(), 'maxopt-live-'));
  home = join(folder, 'home');
  environment = { ...process.env, MAXOPT_HOME: home };
  const [, control] = await start(['sim', 'serve', '--history', '70', '--start', '2026-03-28', '--port', '0', '--connect-home', home], /^control\s+(http\S+)/);
  environment.MAXOPT_CLOCK = `${control}/clock`;
  copyFileSync(join(process.env.MAXOPT_EXAMPLES, 'alpenglow', 'policy.yaml'), join(home, 'policy.yaml'));
  await run('connect');
  await run('monitor', '--depth', 'year');
  const orders = await fetch(`${control}/shop/orders.csv?from=2026-01-17&to=2026-03-27`);
  assert.equal(orders.status, 200);
  writeFileSync(join(folder, 'orders.csv'), await orders.text());
  await run('import', join(folder, 'orders.csv'), '--client', 'Alpenglow');
  await run('look');
  await run('optimize', 'Alpenglow', '--propose');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  for (const child of running.reverse()) child.kill('SIGTERM');
  await Promise.all(running.map((child) => child.exitCode ?? new Promise((done) => child.once('exit', done))));
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test('days on live platforms', options, async (t) => {
  const [, link] = await start(['serve', '--port', '0'], /(http\S+#link=\S+)/);
  const { origin } = new URL(link);
  const page = await openPage(browser);
  page.setDefaultTimeout(patience);
  await page.goto(link);
  await page.waitForSelector('nav');

  for (const [alert, keyboard] of [false, true].entries()) {
    await t.test(keyboard ? 'by keyboard alone' : 'by mouse', async () => {
      await aDay(page, { origin, client: 'Alpenglow', keyboard, budget: '150.00', alert, patience });
      const [undo, plan] = (await run('plans')).trim().split('\n');
      assert.match(plan, / verified /);
      assert.match(undo, / guarded .*undo /);
      assert.deepEqual(page.wrongs, []);
    });
  }

  // Every kind of report that the page offers is one that the program makes.
  const ready = page.getByText('Ready:').getByRole('link');
  let last = await ready.innerText();
  const dialog = page.getByRole('dialog');
  const open = () => page.locator('main').getByRole('button', { name: 'Make a report' }).click();
  await open();
  const kinds = await dialog.getByLabel('Template').locator('option').allInnerTexts();
  assert.equal(kinds.length, 6);
  for (const kind of kinds.slice(1)) {
    if (!(await dialog.isVisible())) await open();
    await dialog.getByLabel('Template').selectOption(kind);
    await dialog.getByRole('button', { name: 'Make a report' }).click();
    await ready.filter({ hasNotText: last }).waitFor();
    last = await ready.innerText();
  }

  const [plan] = (await run('plans')).split(' ');
  const [cycle] = JSON.parse(await run('--json', 'cycle', 'list'));
  const stops = [...kPages.map((name) => [name, `#/c/Alpenglow/${name}`]), ['one plan', `#/c/Alpenglow/plans/${plan}`], ['one cycle', `#/c/Alpenglow/cycles/${cycle.id}`]];
  for (const [colorScheme, width] of [['light', 1440], ['dark', 320]]) {
    await t.test(`every page, ${colorScheme}, ${width} px`, async () => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      assert.deepEqual(await walk(page, origin, stops), []);
    });
  }
});
