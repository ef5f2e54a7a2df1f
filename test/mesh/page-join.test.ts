/**
 * The view of one join in a browser against a mesh: its rows, and the panel of a connection against the files on disk.
 * SCREENSHOTS=DIR takes pictures, wide and narrow, light and dark, in both languages.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { environment } from '../../lib/config.ts';
import { looks, newPage, requireBrowser, startBrowser } from './browser.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

const run = promisify(execFile);

interface Step {
	readonly id: string;
	readonly kind: string;
	readonly label: string;
	readonly tls?: string;
	readonly moment?: string;
}
interface End {
	readonly server?: { readonly sha256: string };
	readonly client?: { readonly sha256: string };
	readonly verifiedBy?: string;
}
interface StepDetail {
	readonly connection?: { readonly isIntercepted: boolean; readonly client?: End; readonly server?: End };
}

describe('the page of a join', () => {
	const screenshots = environment().SCREENSHOTS;
	let mesh: TestMesh;
	let browser: Browser;
	let page: Page;

	before(async function () {
		requireBrowser(this);
		mesh = await startTestMesh({ observer: { story: 'off' } });
		const token = await mesh.createToken();
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '20s' }));
		await mesh.joinAndFail({ token, pins: [`sha256:${'0'.repeat(64)}`], nodeName: 'refused-1' });
		browser = await startBrowser();
		page = await newPage(browser);
		await page.goto(`${mesh.page}/#/joins`);
	});
	after(async () => {
		await browser?.close();
		await mesh?.stopAndRemove();
	});

	const openJoin = async (node: string) => {
		await page.goto(`${mesh.page}/?lang=en#/joins`);
		await page.locator(`.list a:has-text("${node}")`).first().click();
		await page.locator('.diagram h2', { hasText: node }).waitFor();
		await page.locator('button.row').nth(4).waitFor();
	};
	const openStep = async (sentence: string) => {
		await page.locator('button.row', { hasText: sentence }).first().click();
		await page.locator('.panel [role=tabpanel]').waitFor();
	};
	async function shoot(name: string): Promise<void> {
		if (screenshots === undefined) return;
		for (const lang of ['en', 'zh']) {
			const { hash } = new URL(page.url());
			await page.goto(`${mesh.page}/?lang=${lang}${hash}`);
			await page.locator('button.row').nth(4).waitFor();
			if (/\/joins\/\w+\/\w+/.test(hash)) await page.locator('.panel [role=tabpanel]').waitFor();
			for (const { name: suffix, viewport, colorScheme } of looks) {
				await page.setViewportSize(viewport);
				await page.emulateMedia({ colorScheme });
				await page.screenshot({ path: join(screenshots, `${name}-${lang}-${suffix}.png`) });
			}
		}
		await page.goto(`${mesh.page}/?lang=en#/joins`);
		await page.setViewportSize(looks[0].viewport);
		await page.emulateMedia({ colorScheme: 'light' });
	}

	it('shows the certificates of a connection that are on disk, and the checks of each end', async () => {
		await openJoin('node-1');
		await openStep('asks for a certificate');
		const panel = page.locator('.panel');
		await panel.locator('.checks thead th', { hasText: 'For comparison' }).waitFor();
		const server = new X509Certificate(mesh.pki('apiserver-sim/server.crt'));
		const [client, answered] = await panel.locator('.end').allTextContents();
		assert.match(client ?? '', /No certificate.*system:bootstrap:/);
		assert.ok(answered?.includes(server.serialNumber.toLowerCase().slice(-5)), answered);
		const cells = async (row: string) =>
			panel
				.locator(`tr:has(th:text-is("${row}")) td`)
				.allTextContents()
				.then((all) => all.map((one) => one.trim()));
		assert.deepEqual(await cells('Chain'), ['✓ CN=kubernetes', '✓ CN=kubernetes', '— not checked', '✓ CN=kubernetes']);
		assert.deepEqual(await cells('Protocol'), ['TLS 1.3', 'TLS 1.3']);
		// Newer Nodes agree on a hybrid group, and Node 22 reports no name for it.
		const groups = new Set(await cells('Key exchange'));
		assert.equal(groups.size, 1);
		assert.match([...groups].join(), /^(?:X25519|X25519MLKEM768|not reported)$/);
		const purposes = await cells('Purpose');
		assert.deepEqual(purposes, ['✓ server auth', '✓ server auth', '— not checked', '✓ client auth']);
		await shoot('connection');
	});

	it('shows the protocol and the cipher that openssl s_client negotiates with the same port', async () => {
		await openJoin('node-1');
		await openStep('asks for a certificate');
		const panel = page.locator('.panel');
		const cell = async (row: string) =>
			((await panel.locator(`tr:has(th:text-is("${row}")) td`).first().textContent()) ?? '').trim();
		const command = `openssl s_client -connect 127.0.0.1:${mesh.port} -alpn h2 </dev/null 2>&1`;
		const { stdout } = await run('sh', ['-c', command]);
		const [, protocol, cipher] = /New, TLSv([\d.]+), Cipher is (\w+)/.exec(stdout) ?? assert.fail(stdout);
		assert.deepEqual([await cell('Protocol'), await cell('Cipher')], [`TLS ${protocol}`, cipher]);
	});

	it('takes the certificate, the signature and the request of a join apart', async () => {
		await openJoin('node-1');
		const panel = page.locator('.panel');
		const open = async (sentence: string, section: string) => {
			await openStep(sentence);
			await panel.locator('#tab-request').click();
			await panel.locator(`.section-${section}`).waitFor();
			assert.equal(await panel.locator(`.section-${section} .check-list .failed`).count(), 0);
			return panel.locator(`.section-${section}`);
		};
		const pin = await open('matches the pin', 'pin');
		assert.ok((await pin.textContent())?.includes('All 64 digits are equal.'));
		const signature = await open('knows the token', 'jws');
		assert.equal(await signature.locator('.text-parts dt').count(), 3);
		const request = await open('signed its key', 'csr');
		assert.match((await request.textContent()) ?? '', /system:bootstrap:\w+, \+\d+ ms/);
		const certificate = await open('is the one it asked for', 'certificate');
		assert.ok((await certificate.textContent())?.includes('CN=kubernetes'));
		await shoot('certificate');
	});

	it('has a connection of both ends for every message of a join', async () => {
		await openJoin('node-1');
		const id = /#\/joins\/(\w+)/.exec(page.url())?.[1] ?? assert.fail();
		const steps = await stepsOf(`${mesh.page}/api/joins/${id}/stream`);
		const messages = steps.filter(({ kind }) => kind === 'message');
		assert.ok(messages.length > 5);
		for (const step of messages) {
			const response = await fetch(`${mesh.page}/api/joins/${id}/steps/${step.id}`);
			const { connection } = (await response.json()) as StepDetail;
			assert.equal(connection?.isIntercepted, false, step.label);
			assert.equal(connection?.client?.server?.sha256, connection?.server?.server?.sha256, step.label);
			assert.equal(connection?.client?.client?.sha256, connection?.server?.client?.sha256, step.label);
			assert.equal(connection?.client?.verifiedBy === undefined, step.tls === 'unverified', step.label);
			assert.equal(connection?.server?.verifiedBy === undefined, step.tls !== 'mutual', step.label);
		}
	});

	async function stepsOf(url: string): Promise<readonly Step[]> {
		const steps = new Map<string, Step>();
		await eventually(10, async () => {
			const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
			let text = '';
			try {
				for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
			} catch {
				// The stream does not end by itself.
			}
			for (const [, data = ''] of text.matchAll(/^event: step\ndata: (.*)$/gm)) {
				const step = JSON.parse(data) as Step;
				steps.set(step.id, step);
			}
			assert.ok([...steps.values()].some(({ moment }) => moment === 'cluster-trusts-node'));
		});
		return [...steps.values()];
	}

	it('moves by key: J and K over the rows, brackets in the panel, and Space plays the replay', async () => {
		await openJoin('node-1');
		const rows = page.locator('button.row');
		const focused = () =>
			page.evaluate("[...document.querySelectorAll('button.row')].indexOf(document.activeElement)") as Promise<number>;
		const opened = async () => (await rows.evaluateAll((all) => all.map((row) => row.ariaPressed))).indexOf('true');
		/** The page renders after the press of a key. */
		const press = async <T>(key: string, expected: T, found: () => Promise<T>) => {
			await page.keyboard.press(key);
			await eventually(5, async () => assert.equal(await found(), expected, `after ${key}`));
		};
		const all = await rows.count();
		await press('j', 0, focused);
		await press('j', 1, focused);
		await press('j', 2, focused);
		await press('k', 1, focused);
		await press('ArrowDown', 2, focused);
		for (const row of [1, 0, 0]) await press('ArrowUp', row, focused);
		await press('j', 1, focused);
		await press('Enter', 1, opened);
		await press(']', 2, opened);
		await press(']', 3, opened);
		await press('[', 2, opened);
		const panel = page.locator('.panel');
		await panel.waitFor();
		await page.keyboard.press('Escape');
		await panel.waitFor({ state: 'detached' });

		await page.locator('body').click({ position: { x: 2, y: 2 } });
		await press(',', all - 1, () => rows.count());
		await press('.', all, () => rows.count());
		await press(',', all - 1, () => rows.count());
		// Space comes when the page has rendered the key before, and has not painted it.
		await page.evaluate(`(async () => {
			const press = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
			press('.');
			for (let turn = 0; turn < 10; turn++) await undefined;
			press(' ');
		})()`);
		await page.locator('.diagram .player button[aria-label=Pause]').waitFor();
		await page.keyboard.press('Space');
		await page.locator('.diagram .player button[aria-label=Play]').waitFor();
		assert.ok((await rows.count()) < all, 'Space pauses where it is');
	});

	it('plays the replay of the map with Space, which presses a button that has the focus', async () => {
		await page.goto(`${mesh.page}/?lang=en#/map/node-1`);
		const dock = page.locator('.dock .player');
		await dock.locator('[aria-label=Play]').waitFor();
		await page.locator('.panel h2').waitFor();
		await page.keyboard.press('Space');
		await dock.locator('[aria-label=Pause]').waitFor();
		await page.keyboard.press('Space');
		await dock.locator('[aria-label=Play]').waitFor();
		// All motion stops, not only that of the replay.
		await page.locator('.map-legend button[aria-pressed=true]').waitFor();
		await dock.locator('[aria-label="Step forward"]').focus();
		const before = page.url();
		await page.keyboard.press('Space');
		// The page draws before it answers.
		await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
		assert.equal(await dock.locator('[aria-label=Pause]').count(), 0, 'Space plays although a button has the focus');
		assert.notEqual(page.url(), before, 'Space does not press the button');
	});

	it('shows a refused join with its error once', async () => {
		await openJoin('refused-1');
		assert.equal(await page.locator('.diagram').getByText('CA_HASH_MISMATCH').count(), 1);
		await shoot('refused');
		await openStep('does not match the pin');
		const digits = page.locator('.panel .digits');
		await digits.waitFor();
		assert.equal(await digits.locator('.differs').count(), 16);
		assert.equal(await page.locator('.panel .section-failure').count(), 0);
	});
});
