// Names that are code, paths, formulas, endless or backwards are text wherever they are shown.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../../web/dashboard/dev/server.mjs';
import { kHostile } from '../../../web/dashboard/dev/views.mjs';
import { hasBrowser, kPages, openBrowser, openPage, settle } from './browser.mjs';

const options = hasBrowser ? {} : { skip: 'no Chromium is installed' };
let browser;
let server;
before(async () => {
  if (!hasBrowser) return;
  server = await startServer({ hostile: true });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

for (const width of [1440, 320]) {
  test(`hostile names on every page, ${width} px wide`, options, async () => {
    const page = await openPage(browser, { viewport: { width, height: 900 } });
    const wrong = [];
    let seen = 0;
    page.on('dialog', (dialog) => {
      wrong.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    const hashes = [...kPages.map((name) => `#/c/Alpenglow/${name}`), '#/c/Alpenglow/plans/p-1', '#/c/Alpenglow/alerts/alerts-0',
      '#/c/Alpenglow/tactics/meta-creative-refresh', '#/c/Alpenglow/cycles/c-20260329-0001',
      // A name in the address is no better than one in the data.
      ...kHostile.map((name) => `#/c/Alpenglow/documents/${encodeURIComponent(name)}`),
      ...kHostile.map((name) => `#/c/${encodeURIComponent(name)}/campaigns?filter.campaign=${encodeURIComponent(name)}`)];
    for (const hash of hashes) {
      await page.goto(`${server.origin}/${hash}`);
      await settle(page);
      const found = await page.evaluate((names) => {
        const out = [];
        if (document.querySelector('img[src="x"], script:not([src]), [onerror], [onload], iframe, object, embed')) out.push('markup of a name became elements');
        for (const link of document.querySelectorAll('a[href]')) {
          if (!/^https?:$/.test(new URL(link.href, location.href).protocol)) out.push(`a link to ${link.href}`);
          if (new URL(link.href, location.href).origin !== location.origin) out.push(`a link away: ${link.href}`);
        }
        if (document.documentElement.scrollWidth > document.documentElement.clientWidth) out.push('wider than the screen');
        const text = document.body.innerText;
        return { out, shown: names.filter((name) => text.includes(name.slice(0, 20))).length };
      }, kHostile);
      for (const what of [...found.out, ...page.wrongs.splice(0)]) wrong.push(`${hash}: ${what}`);
      seen += found.shown;
    }
    await page.context().close();
    assert.deepEqual(wrong, []);
    // They were there to be seen: on most pages several.
    assert.ok(seen > hashes.length, `${seen} names were shown on ${hashes.length} pages`);
  });
}
