// A picture of every page, light, dark and narrow:
//   node screenshots.mjs ORIGIN FOLDER [--client NAME] [--link LINK] [--only page,page]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { kPages, openBrowser, openPage, settle } from './browser.mjs';

const [origin, folder, ...rest] = process.argv.slice(2);
if (!origin || !folder) {
  console.error('usage: node screenshots.mjs ORIGIN FOLDER [--client NAME] [--link LINK] [--only page,page]');
  process.exit(1);
}
const value = (name) => {
  const at = rest.indexOf(`--${name}`);
  return at < 0 ? '' : (rest[at + 1] ?? '');
};
mkdirSync(folder, { recursive: true });
const browser = await openBrowser();
const shapes = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1440, height: 900 } },
  { name: 'narrow', colorScheme: 'light', viewport: { width: 320, height: 800 } },
].filter(({ name }) => value('shape') === '' || value('shape').split(',').includes(name));
let wrong = 0;
let state;
if (value('link')) {
  const page = await openPage(browser);
  await page.goto(`${origin}/#link=${encodeURIComponent(value('link'))}`);
  await page.waitForSelector('nav', { timeout: 30_000 });
  state = await page.context().storageState();
  await page.context().close();
}
for (const shape of shapes) {
  const page = await openPage(browser, { ...shape, storageState: state });
  await page.goto(`${origin}/`);
  await page.waitForSelector('#main', { timeout: 30_000 }).catch(() => undefined);
  const client = value('client') || (await page.locator('.client option').nth(1).getAttribute('value').catch(() => '')) || '';
  const base = `#/c/${encodeURIComponent(client)}`;
  const stops = kPages.map((name) => [name, `${base}/${name}`]);
  stops.push(['policy', `${base}/rules?tab=policy`], ['campaigns_compared', `${base}/campaigns?compare=previous&split=1`]);
  for (const [list, one] of [['plans', 'plan'], ['alerts', 'alert'], ['cycles', 'cycle'], ['tactics', 'tactic']]) {
    await page.goto(`${origin}/${base}/${list}`);
    await settle(page).catch(() => undefined);
    const href = await page.locator('main [role=row] a').first().getAttribute('href').catch(() => null);
    if (href) stops.push([one, href]);
  }
  for (const [name, hash] of stops) {
    if (value('only') && !value('only').split(',').includes(name)) continue;
    await page.goto(`${origin}/${hash}`);
    await settle(page).catch((error) => console.error(`${name}: ${error.message.split('\n')[0]}`));
    await page.waitForTimeout(250);
    await page.screenshot({ path: join(folder, `${name}.${shape.name}.png`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) page.wrongs.push(`${name} (${shape.name}) is ${wide} px too wide`);
  }
  for (const what of page.wrongs) console.error(what);
  wrong += page.wrongs.length;
  await page.context().close();
}
await browser.close();
console.log(`${folder}: ${shapes.length} shapes, ${wrong} wrongs`);
process.exit(wrong === 0 ? 0 : 1);
