// Chromium for the tests: Debian's, or what CHROMIUM names.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const kChromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const hasBrowser = existsSync(kChromium);

export async function openBrowser() {
  return chromium.launch({
    executablePath: kChromium,
    headless: true,
    // A container's root has no user namespaces to make a sandbox of.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
  });
}

export const kPages = [
  'overview', 'ask', 'alerts', 'plans', 'planner', 'experiments', 'campaigns', 'pacing', 'creatives', 'audiences', 'geo', 'hours',
  'attribution', 'segments', 'documents', 'rules', 'quality', 'reports', 'messages', 'ledger', 'tactics', 'cycles', 'health', 'users',
];

/** A page that remembers what went wrong in it: script errors and what the policy refused. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.wrongs = [];
  page.on('pageerror', (error) => page.wrongs.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    // A refused request is shown by the page itself; whatever else is an error is one.
    if (message.type() === 'error' && !/Failed to load resource/.test(text)) page.wrongs.push(`console: ${text}`);
  });
  return page;
}

/** Until nothing is loading any more: no skeleton, no busy panel, and pictures of charts drawn. */
export async function settle(page, timeout = 30_000) {
  await page.waitForFunction(() => document.querySelector('main') && !document.querySelector('.skeleton, section[aria-busy="true"]'), null, { timeout });
  await page.waitForFunction(() => [...document.querySelectorAll('figure .box')].every((box) => box.querySelector('svg') || box.clientWidth < 40), null, { timeout: 5000 }).catch(() => undefined);
}
