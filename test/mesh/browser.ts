/** Chromium for the tests of the page. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const PATH = '/usr/bin/chromium';
/** For an element. A busy machine needs many times the usual time, and no test asserts by it. */
const WAIT_MS = 60_000;

/** Each picture of SCREENSHOTS=DIR is taken in each of these. */
export const looks = [
	{ name: 'wide-light', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
	{ name: 'wide-dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
	{ name: 'narrow-light', viewport: { width: 360, height: 780 }, colorScheme: 'light' },
	{ name: 'narrow-dark', viewport: { width: 360, height: 780 }, colorScheme: 'dark' },
] as const;

/** Skips the suite if chromium is not installed. */
export function requireBrowser(suite: Mocha.Context): void {
	if (existsSync(PATH)) return;
	process.stdout.write(`      skipped: there is no ${PATH} (apt-get install chromium)\n`);
	suite.skip();
}

export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath: PATH, args: ['--no-sandbox'] });

/** A page in a context of its own. */
export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
	const context = await browser.newContext({ viewport: looks[0].viewport, locale: 'en-US', ...options });
	context.setDefaultTimeout(WAIT_MS);
	return context.newPage();
}
