// What is held of every page, on made-up data and on the real program's.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { settle } from './browser.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Axe's rules for WCAG 2.2 AA and its best practices. */
export async function accuse(page) {
  // As a program of the browser, not of the page: the page's policy would refuse it.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const found = await page.evaluate(async () => {
    const result = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return result.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} [${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}]`).join(' | ')}`);
  });
  await session.detach();
  return found;
}

/** Goes through `stops`, [name, hash] each, and says what is wrong there: what axe finds, what is wider than
    the screen, what fails or is refused. */
export async function walk(page, origin, stops) {
  const wrong = [];
  for (const [name, hash] of stops) {
    await page.goto(`${origin}/${hash}`);
    await settle(page);
    for (const what of await accuse(page)) wrong.push(`${name}: ${what}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) wrong.push(`${name}: ${wide} px too wide`);
    for (const what of page.wrongs.splice(0)) wrong.push(`${name}: ${what}`);
  }
  return wrong;
}
