// A working day in the dashboard: an alert, its diagnosis, scenarios, a plan approved, applied, undone,
// a report made; by mouse or by keyboard alone.
import assert from 'node:assert/strict';
import { settle } from './browser.mjs';

/** Presses what has this name: with the mouse, or by walking to it with the tab key and Enter. */
export function hands(page, keyboard) {
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

/** `budget` is what the planner tries for `channel`, or for the first it shows; `alert` is the row of the
    alert to acknowledge, from 0; `patience` is for one answer, in ms. */
export async function aDay(page, { origin, client, keyboard, channel, budget, alert = 0, patience = 20_000 }) {
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
  const open = async (grid, row) => {
    if (keyboard) {
      const cell = page.getByRole('grid', { name: grid }).locator('[tabindex="0"]');
      for (let i = 0; i < 160 && !(await cell.evaluate((element) => element === document.activeElement)); i += 1) await page.keyboard.press('Tab');
      for (let i = 0; i <= row; i += 1) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
    } else await page.getByRole('grid', { name: grid }).getByRole('link').nth(row).click();
    await settle(page);
  };

  await page.goto(`${origin}/#/c/${encodeURIComponent(client)}/overview`);
  await settle(page);
  await go('Alerts');
  await open('Open alerts', alert);
  await page.getByRole('heading', { name: 'Diagnosis' }).waitFor({ timeout: patience });
  await press(page.getByRole('button', { name: 'Acknowledge' }));
  await page.getByText('Acknowledged:').waitFor({ timeout: patience });

  await go('Budget planner');
  const amount = page.getByRole('textbox', { name: channel ? `Budget of ${channel}, amount` : /^Budget of .*, amount$/ }).first();
  if (keyboard) {
    for (let i = 0; i < 160 && !(await amount.evaluate((element) => element === document.activeElement)); i += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Control+a');
    await page.keyboard.type(budget);
  } else await amount.fill(budget);
  await press(page.getByRole('button', { name: 'Compare', exact: true }));
  await settle(page, patience);
  assert.match(await main.innerText(), /λ/);
  await page.getByRole('group', { name: 'Scenarios side by side' }).waitFor();

  await go('Plans');
  await open('Plans', 0);
  await press(page.getByRole('button', { name: 'Approve', exact: true }));
  await press(page.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }));
  await page.getByText('Nothing is sent before it is applied.').waitFor();
  await press(main.getByRole('button', { name: 'Apply', exact: true }));
  await press(page.getByRole('dialog').getByRole('button', { name: 'Apply', exact: true }));
  await page.getByText('The plan is applied').waitFor({ timeout: patience });
  // An undo can be undone as well, so the heading alone does not tell the new plan from this one.
  const applied = page.url();
  await press(main.getByRole('button', { name: 'Undo', exact: true }));
  await press(page.getByRole('dialog').getByRole('button', { name: 'Make the inverse plan' }));
  await page.waitForURL((url) => url.href !== applied, { timeout: patience });
  await page.getByRole('heading', { level: 1, name: /^undo / }).waitFor({ timeout: patience });

  await go('Reports');
  await press(main.getByRole('button', { name: 'Make a report' }));
  await press(page.getByRole('dialog').getByRole('button', { name: 'Make a report' }));
  await main.getByText('Ready:').waitFor({ timeout: patience });
}
