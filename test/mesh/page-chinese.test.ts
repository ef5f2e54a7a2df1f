/**
 * The page for a reader of Chinese: every view and dialog, during and after a join, a refused join and an experiment,
 * without an English sentence. SCREENSHOTS=DIR takes a picture of each, wide and narrow, light and dark.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { parse, stringify } from 'yaml';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { looks, newPage, requireBrowser, startBrowser } from './browser.ts';
import { startTestMesh, type TestMesh } from './mesh.ts';

/** Texts of upstream stay English. */
const allowed: readonly RegExp[] = [
	/client auth 为客户端，server auth 为服务器/,
	/none of the public keys ".*" are pinned/,
	// Of Go, which reports system errors so.
	/[^a-z]connection refused$/,
];

describe('the page in Chinese', () => {
	const screenshots = environment().SCREENSHOTS;
	let mesh: TestMesh;
	let browser: Browser;
	let page: Page;
	let directory: string;
	let token: string;

	before(async function () {
		requireBrowser(this);
		directory = copyExperiments();
		mesh = await startTestMesh({
			settings: { observer: { EXPERIMENTS_DIRECTORY: directory } },
			observer: { story: 'off' },
		});
		token = await mesh.createToken();
		browser = await startBrowser();
		page = await newPage(browser, { locale: 'zh-CN' });
	});
	after(async () => {
		await browser?.close();
		await mesh?.stopAndRemove();
		if (directory !== undefined) rmSync(directory, { recursive: true });
	});

	const found = new Map<string, string>();
	/** Collects the English sentences of the present view. */
	async function look(name: string, pictures: readonly (typeof looks)[number][] = looks): Promise<void> {
		for (const text of (await page.evaluate(englishTexts)) as string[])
			if (!allowed.some((one) => one.test(text))) found.set(text, name);
		if (screenshots === undefined) return;
		for (const { name: suffix, viewport, colorScheme } of pictures) {
			await page.setViewportSize(viewport);
			await page.emulateMedia({ colorScheme });
			await page.screenshot({ path: join(screenshots, `${name}-${suffix}.png`), fullPage: true });
		}
		await page.setViewportSize(looks[0].viewport);
		await page.emulateMedia({ colorScheme: 'light' });
	}
	const goto = async (hash: string, selector: string) => {
		await page.goto(`${mesh.page}/${hash}`);
		await page.locator(selector).first().waitFor();
	};

	/** With each panel, and as a table. */
	async function lookAtMap(name: string, panels: readonly string[]): Promise<void> {
		await goto('#/map', '.party');
		await page.locator('.dock .phases').waitFor();
		await look(`map-${name}`);
		for (const panel of panels) {
			await goto(`#/map/${panel}`, '.panel');
			await look(`map-${name}-${panel.replaceAll('~', '-')}`);
		}
		await goto('#/map', '.party');
		await page.keyboard.press('t');
		await page.locator('.map-table:not(.hidden)').waitFor();
		await look(`map-${name}-table`);
	}

	it('has no English sentence in any view or dialog', async () => {
		await goto('', '.no-join');
		await look('map-empty');
		await goto('#/joins', '.note');
		await look('empty-joins');
		await goto('#/storm', '.note');
		await look('empty-storm');
		const joining = mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '20s' }));
		await goto('#/joins', '.diagram');
		await look('join-running');
		await joining;
		await page.locator('.moment').nth(1).waitFor();
		await look('join');
		await lookAtMap('joined', ['node-1', 'apiserver-sim', 'apiserver-sim~token-store', 'node-1~apiserver-sim']);
		await goto('#/joins', '.moment');
		const steps = await page.locator('button.row').count();
		for (let index = 0; index < steps; index++) {
			await page.locator('button.row').nth(index).click();
			await page.locator('.panel [role=tabpanel]').waitFor();
			const tabs = await page.locator('.panel [role=tab]').all();
			assert.ok(tabs.length > 1, `row ${index} has ${tabs.length} tabs`);
			for (const [at, tab] of tabs.entries()) {
				await tab.click();
				await page.locator('.panel [role=tabpanel] > *').first().waitFor();
				await look(`detail-${String(index).padStart(2, '0')}-${at}`, looks.slice(0, 1));
			}
			// Otherwise the panel of this row could be taken for that of the next one.
			await page.keyboard.press('Escape');
			await page.locator('.panel').waitFor({ state: 'detached' });
		}
		await page.getByRole('button', { name: '制造故障' }).click();
		await page.getByRole('button', { name: '用错误的 CA 公钥哈希加入' }).click();
		await page.locator('.failure').waitFor();
		await look('refused');
		await lookAtMap('refused', [(await page.locator('.list .node').first().textContent()) ?? '']);
		await goto('#/joins', '.failure');
		await page.locator('button.row.bad').last().click();
		await page.locator('.panel .section-pin').waitFor();
		await look('refused-detail');
		await page.locator('.compare-with select').selectOption({ index: 1 });
		await page.locator('.compare').waitFor();
		await look('compare');
		await goto('#/cluster', '.card');
		for (const tab of ['nodes', 'csrs', 'tokens', 'leases', 'events', 'services']) {
			await goto(`#/cluster/${tab}`, '.cluster tbody tr');
			await look(`cluster-${tab}`);
		}
		await goto('#/certificates', '.certificates tbody tr');
		await page.getByText('node-1', { exact: true }).first().waitFor();
		await look('certificates');
		await goto('#/storm', '.card');
		await look('storm');
		for (const name of readdirSync(directory).map((file) => file.replace(/\.yaml$/, ''))) {
			await goto(`#/experiments/${name}`, '.experiment');
			await look(`experiment-${name}`, looks.slice(0, 1));
		}
		await goto('#/experiments/kubeconfig-gone', '.experiment');
		await page.locator('.tile.open', { hasText: '安全性' }).getByText('不涉及').waitFor();
		for (const [name, result] of [
			['wrong-pin', '符合预期'],
			['forged-cluster-info', '不符合预期'],
		] as const) {
			await goto(`#/experiments/${name}`, '.experiment');
			await page.locator('button.run').click();
			await page.locator('.activities li.running').first().waitFor();
			await look(`experiment-${name}-running`);
			await page.locator('.state', { hasText: result }).first().waitFor();
			await look(`experiment-${name}-ended`);
		}
		// A violated verdict, its evidence, and the reason of the failed step.
		await page.getByText('收到令牌 16 字节').first().waitFor();
		await page.locator('.activities .why', { hasText: '预期退出码为 0，实际为 1' }).first().waitFor();
		assert.deepEqual(
			[...found].map(([text, name]) => `${name}: ${text}`),
			[],
		);
	});
});

/** The experiments of the project with their steps, which do nothing to the mesh. */
function copyExperiments(): string {
	const directory = mkdtempSync(join(tmpdir(), 'kubejoin-experiments-'));
	const source = projectPath('chaos', 'experiments');
	for (const file of readdirSync(source)) {
		const document = parse(readFileSync(join(source, file), 'utf8'), { merge: true });
		const good = ['security: held: no other node joined', 'availability: held after 0.4 s: no node has joined'];
		const begun = JSON.stringify(join(directory, `${file}.begun`));
		const programs = {
			method: `require('node:fs').writeFileSync(${begun}, ''); setTimeout(() => undefined, 300)`,
			after: file.startsWith('forged')
				? `if (require('node:fs').existsSync(${begun})) { ${printed(failedProbe, 1)} } else { ${printed(good)} }`
				: printed(good),
		};
		const withProgram = (activities: object[], program: string) =>
			activities.map((activity) => ({
				...activity,
				provider: { type: 'process', path: process.execPath, arguments: ['-e', program] },
			}));
		const hypothesis = document['steady-state-hypothesis'];
		const copy = {
			...document,
			'steady-state-hypothesis': { ...hypothesis, probes: withProgram(hypothesis.probes, programs.after) },
			method: withProgram(document.method, programs.method),
			rollbacks: withProgram(document.rollbacks, '0'),
		};
		writeFileSync(join(directory, file), stringify(copy, { aliasDuplicateObjects: false }));
	}
	return directory;
}

/** The output of the lab when a node is missing, a stolen token is used, and the API server does not answer. */
const failedProbe = [
	'not steady: security is violated; availability is violated; a probe failed: node x02-node --until joined',
	'security: violated: mallory received 3 connections and 16 bytes of a token; the CA has signed node-csr-x for mallory',
	'availability: violated: after 45 s x02-node is not in the cluster; node-1 sent no heartbeat since the question',
	'error: cannot connect to 127.0.0.1:6445: connection refused',
	'  code:          PEER_UNREACHABLE',
	'  most likely:   the clock of this machine is wrong',
	'  do this:       Start one: docker compose up -d',
];
const printed = (lines: readonly string[], code = 0): string =>
	`for (const line of ${JSON.stringify(lines)}) console.log(line); process.exitCode = ${code}`;

/**
 * Runs in the browser: texts of two Latin words or more, in elements and in the attributes that people read. The page
 * marks names and values as English; a sentence that it marks has no translation.
 */
const englishTexts = `(() => {
	const isEnglish = (text) => /[A-Za-z][A-Za-z'-]+ [A-Za-z][A-Za-z'-]+/.test(text);
	const found = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
	for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
		const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
		const isMarked = element.closest('[lang=en]') !== null && element.closest('.failure, .note, .why, .sentence') === null;
		if (isMarked || element.closest('code, pre, script') !== null) continue;
		const texts = node.nodeType === Node.TEXT_NODE
			? [node.data]
			: ['aria-label', 'title', 'placeholder', 'alt'].map((name) => node.getAttribute(name) ?? '');
		const place = element.tagName.toLowerCase() + (element.className ? '.' + element.className : '');
		for (const text of texts) if (isEnglish(text)) found.push(place + ': ' + text.trim());
	}
	return found;
})()`;
