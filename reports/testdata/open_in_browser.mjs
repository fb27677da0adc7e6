// Opens the pages that write_pages wrote in headless Chromium, and uses them as a person would.
//   node open_in_browser.mjs PLAYWRIGHT-CORE DIRECTORY
// Exits with 77 where Chromium or playwright-core is missing.
import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const [, , playwright, directory] = process.argv;
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (!chromium || !existsSync(join(playwright, 'package.json'))) {
  console.log(`skipped: ${chromium ? 'no playwright-core (ci/install-deps.sh --ci)' : 'no Chromium'}`);
  process.exit(77);
}
const launcher = createRequire(import.meta.url)(resolve(playwright)).chromium;
const profile = mkdtempSync(join(tmpdir(), 'nsbench-browser-'));
const context = await launcher.launchPersistentContext(profile, {
  executablePath: chromium,
  headless: true,
  viewport: {width: 1280, height: 900},
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
});

// A page, and a list of what went wrong in it: console messages, exceptions, requests for anything.
const open = async (name, options = {}) => {
  const page = await context.newPage();
  const wrong = [];
  page.on('console', (message) => wrong.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => wrong.push(`exception: ${error.stack}`));
  page.on('dialog', (dialog) => wrong.push(`dialog: ${dialog.message()}`));
  const url = pathToFileURL(resolve(directory, `page-${name}.html`)).href;
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) wrong.push(`request: ${request.url()}`);
  });
  if (options.viewport) await page.setViewportSize(options.viewport);
  if (options.media) await page.emulateMedia(options.media);
  await page.goto(url + (options.hash || ''));
  return {page, wrong};
};
const visible = (page, selector) => page.locator(`${selector}:visible`).count();
const drawn = (page) => page.evaluate(() => [...document.querySelectorAll('.chart canvas')].some((canvas) => {
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return pixels.some((value) => value !== 0);
}));
const hasPlots = (page) => page.evaluate(() => typeof uPlot !== 'undefined');

const checks = {
  async 'a report: cells, keys and links'() {
    const {page, wrong} = await open('sample');
    await page.click('.matrix td.fail >> nth=0');
    const detail = page.locator('tr.detail');
    assert.match(await detail.innerText(), /uts\/hostname:setns:userns/);
    assert.match(await detail.innerText(), /a host name set inside is not seen outside/);
    assert.match(await detail.innerText(), /nsbench rerun uts\/hostname:setns:userns/);
    await page.keyboard.press('Escape');
    assert.equal(await detail.count(), 0);
    // Focus is back on the cell; arrows move, Enter opens.
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.match(await detail.innerText(), /uts\/hostname:setns\.pidfd:userns/);
    await page.keyboard.press('Enter');
    assert.equal(await detail.count(), 0);
    assert.deepEqual(wrong, []);
    await page.close();
    const linked = await open('sample', {hash: '#ipc/sysv_keys:unshare:root'});
    assert.match(await linked.page.locator('tr.detail').innerText(), /ipc\/sysv_keys:unshare:root/);
    assert.match(await linked.page.locator('tr.detail').innerText(), /The control.*is broken/);
    assert.deepEqual(linked.wrong, []);
    await linked.page.close();
  },
  async 'a report: filters'() {
    const {page, wrong} = await open('sample');
    const rows = '.matrix tbody tr';
    assert.equal(await visible(page, rows), 10);
    await page.keyboard.press('/');
    await page.keyboard.type('uts');
    assert.equal(await visible(page, rows), 1);
    assert.equal(await visible(page, '.timings tbody tr'), 2);
    await page.fill('#filter', 'setns USERNS mnt');
    assert.equal(await visible(page, rows), 1);
    await page.fill('#filter', 'no such thing');
    assert.equal(await visible(page, rows), 0);
    assert.equal(await page.textContent('#count'), '0 shown');
    await page.fill('#filter', '');
    await page.click('[data-show=fail]');
    assert.equal(await visible(page, rows), 1);
    assert.equal(await page.textContent('#count'), '2 shown');
    await page.click('[data-show=fail]');
    assert.equal(await visible(page, rows), 10);
    assert.deepEqual(wrong, []);
    await page.close();
  },
  async 'a report: charts'() {
    const {page, wrong} = await open('sample');
    if (await hasPlots(page)) {
      await page.locator('#timings').scrollIntoViewIfNeeded();
      await page.waitForSelector('.chart canvas');
      assert.ok(await drawn(page), 'a chart is empty');
      const name = page.locator('.legendary button').first();
      await name.click();
      assert.equal(await name.getAttribute('aria-pressed'), 'false');
    }
    assert.ok(await visible(page, '.timings .strip') >= 9);
    assert.deepEqual(wrong, []);
    await page.close();
  },
  async 'a comparison'() {
    const {page, wrong} = await open('comparison');
    assert.match(await page.locator('.outcome').first().innerText(), /Regressed[^]*uts\/hostname:setns:userns/);
    const rows = '.changes > tbody > tr';
    assert.equal(await visible(page, rows), 10);
    await page.locator('.changes > tbody > tr').first().focus();
    await page.keyboard.press('Enter');
    assert.match(await page.locator('tr.detail').innerText(), /create\/uts:unshare:root/);
    if (await hasPlots(page)) assert.equal(await page.locator('tr.detail canvas').count(), 1);
    await page.keyboard.press('Escape');
    await page.click('[data-show=slower]');
    assert.equal(await visible(page, rows), 2);
    await page.fill('#filter', 'mounts');
    assert.equal(await visible(page, rows), 1);
    assert.deepEqual(wrong, []);
    await page.close();
  },
  async 'hostile texts stay texts'() {
    for (const name of ['hostile', 'hostile-comparison']) {
      const {page, wrong} = await open(name);
      const title = await page.title();
      assert.match(title, /<script>document\.title='owned'/);
      for (const cell of await page.locator('.matrix td.fail, .matrix td.skip').all()) {
        await cell.scrollIntoViewIfNeeded();
        await cell.press('Enter');
        assert.match(await page.locator('tr.detail').innerText(), /<script>/);
      }
      const rows = page.locator('.changes > tbody > tr:not(.detail)');
      if (await rows.count()) await rows.first().press('Enter');
      assert.equal(await page.locator('img, iframe, object').count(), 0);
      assert.equal(await page.locator('script').count(), 2);
      assert.match(await page.textContent('#environment'), /<script>document/);
      assert.equal(await page.title(), title);
      assert.deepEqual(wrong, []);
      await page.close();
    }
  },
  async 'a telephone does not scroll sideways'() {
    for (const name of ['sample', 'comparison', 'hostile', 'hostile-comparison']) {
      const {page, wrong} = await open(name, {viewport: {width: 360, height: 740}});
      const cell = page.locator('.matrix tbody td[class]').first();
      if (await cell.count()) await cell.click();
      const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(content <= width, `${name}: ${content} > ${width}`);
      assert.deepEqual(wrong, []);
      await page.close();
    }
  },
  async 'dark, and print'() {
    const ground = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const {page, wrong} = await open('sample', {media: {colorScheme: 'light'}});
    const light = await ground(page);
    await page.emulateMedia({colorScheme: 'dark'});
    assert.notEqual(await ground(page), light);
    // Paper is white, even where the screen is dark.
    await page.emulateMedia({media: 'print', colorScheme: 'dark'});
    assert.equal(await ground(page), light);
    assert.equal(await visible(page, '.filters'), 0);
    assert.equal(await visible(page, '.timings .strip'), await page.locator('.timings .strip').count());
    assert.ok((await page.pdf()).length > 10000);
    assert.deepEqual(wrong, []);
    await page.close();
  },
  async 'all is there without the script'() {
    const browser = await launcher.launch({executablePath: chromium, args: ['--no-sandbox', '--disable-gpu']});
    const page = await browser.newPage({javaScriptEnabled: false});
    await page.goto(pathToFileURL(resolve(directory, 'page-sample.html')).href);
    assert.equal(await visible(page, '.matrix tbody tr'), 10);
    assert.ok(await visible(page, '.timings .strip') >= 9);
    assert.match(await page.innerText('.finding'), /a host name set inside is not seen outside/);
    assert.equal(await visible(page, '.filters'), 0);
    await browser.close();
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED: ${name}\n${error.stack}`);
  }
}
await context.close();
rmSync(profile, {recursive: true, force: true});
process.exit(failed ? 1 : 0);
