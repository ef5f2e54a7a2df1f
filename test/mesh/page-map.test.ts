/**
 * The map in a browser against a mesh: a join, a refused join, an attack, a service that is killed, and a thousand
 * joins. SCREENSHOTS=DIR takes a picture of each, wide and narrow, light and dark, in both languages.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { type Child, startChild } from '../../lib/process-supervisor.ts';
import { looks, newPage, requireBrowser, startBrowser } from './browser.ts';
import { collectLines, eventually, startTestMesh, type TestMesh } from './mesh.ts';
import { sendStorm } from './storm.fixture.ts';

const STORM = 1_000;
/** Of the map and the guide, not compressed; each other view and the Chinese texts are files of their own. */
const MOST_SCRIPT_BYTES = 120_000;
const MOST_STYLE_BYTES = 20 * 1024;
const FIELD = 100;
const PHASES = 11;
/** Processor time of the page's thread for one join that arrives. */
const MOST_MS_PER_JOIN = 20;

describe('the map', () => {
	const screenshots = environment().SCREENSHOTS;
	const complaints: string[] = [];
	let mesh: TestMesh;
	let browser: Browser;
	let token: string;
	let attacker: Child | undefined;

	before(async function () {
		requireBrowser(this);
		mesh = await startTestMesh({ observer: { story: 'off' } });
		token = await mesh.createToken();
		browser = await startBrowser();
	});
	afterEach(() => Promise.all((browser?.contexts() ?? []).map((context) => context.close())));
	after(async () => {
		await browser?.close();
		await attacker?.stop();
		await mesh?.stopAndRemove();
	});

	async function open(address = '', options: BrowserContextOptions = {}): Promise<Page> {
		const page = await newPage(browser, options);
		page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
		page.on('pageerror', (error) => complaints.push(error.message));
		await page.goto(`${mesh.page}/${address}`);
		return page;
	}
	async function shots(name: string, address = '#/map'): Promise<void> {
		if (screenshots === undefined) return;
		for (const locale of ['en-US', 'zh-CN'])
			for (const { name: look, ...options } of looks) {
				const page = await open(address, { ...options, locale });
				await page.locator('.party').first().waitFor();
				// The controls of the replay appear with the steps of the join.
				if (name !== 'empty') await page.locator('.dock select').waitFor({ state: 'attached' });
				await page.evaluate(
					`Promise.allSettled(document.getAnimations()
						.filter(({ effect }) => effect.getTiming().iterations !== Infinity).map(({ finished }) => finished))`,
				);
				// The first is that of the documentation.
				const suffix = locale === 'en-US' && look === looks[0].name ? '' : `-${locale.slice(0, 2)}-${look}`;
				await page.screenshot({ path: join(screenshots, `map-${name}${suffix}.png`) });
				await page.context().close();
			}
	}
	const party = (page: Page, id: string) => page.locator(`[data-party="${id}"]`);
	/** The protection of a line, from the table that screen readers have. */
	const protection = (page: Page, from: string, to: string) =>
		page
			.locator('.map-table tbody tr', { has: page.getByText(from, { exact: true }) })
			.filter({ has: page.getByText(to, { exact: true }) })
			.locator('td')
			.nth(1)
			.evaluate((cell) => cell.firstChild?.textContent ?? undefined);
	let joining: Promise<unknown> | undefined;
	const joined = () => {
		joining ??= mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '20s' })).catch((error: unknown) => {
			joining = undefined;
			throw error;
		});
		return joining;
	};

	it('shows every service before any join, and how to begin', async () => {
		const page = await open();
		for (const name of ['apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service'])
			await party(page, name).waitFor();
		await page.locator('.no-join', { hasText: 'No node has joined yet' }).waitFor();
		// Its files belong to a first visit.
		await page.locator('.guide').waitFor();
		const bytes = async (ending: string) =>
			Number(
				await page.evaluate(`performance.getEntriesByType('resource')
					.filter(({ name }) => name.endsWith('${ending}'))
					.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`),
			);
		const [script, style] = [await bytes('.js'), await bytes('.css')];
		assert.ok(script > 0 && script <= MOST_SCRIPT_BYTES, `${script} bytes of script`);
		assert.ok(style > 0 && style <= MOST_STYLE_BYTES, `${style} bytes of style`);
		assert.equal(await protection(page, 'apiserver-sim', 'token-store'), 'no message seen yet');
		await shots('empty');
	});

	it('draws its head before a script has run, and continues with the same', async () => {
		const page = await open();
		await party(page, 'apiserver-sim').waitFor();
		const still = await open('', { javaScriptEnabled: false });
		await still.locator('.brand', { hasText: 'kubejoin' }).waitFor();
		const mark = (of: Page) => of.locator('.brand path').evaluateAll((paths) => paths.map((one) => one.outerHTML));
		assert.deepEqual(await mark(still), await mark(page));
		assert.equal(await page.locator('header').count(), 1);
	});

	it('shows a join while it runs, to mutual TLS and its last phase', async () => {
		const page = await open();
		await party(page, 'apiserver-sim').waitFor();
		await page.evaluate(`
			globalThis.seen = new Set();
			globalThis.moved = new Map();
			new MutationObserver(() => {
				for (const one of document.querySelectorAll('.lit > .line')) seen.add(one.getAttribute('class'));
				for (const one of document.querySelectorAll('.motion > *')) moved.set(one, one.dataset.line);
			}).observe(document.body, { subtree: true, childList: true, attributes: true });`);
		await joined();
		await page.locator('.dock .state.joined').waitFor();
		await party(page, 'node-1').filter({ hasText: '365 d left' }).waitFor();
		assert.equal(await page.locator('.phases .done').count(), PHASES);
		await eventually(10, async () => {
			assert.equal(await protection(page, 'node-1', 'apiserver-sim'), 'mutual TLS');
			assert.equal(await protection(page, 'apiserver-sim', 'token-store'), 'mutual TLS');
			assert.equal(await protection(page, 'controller-manager-sim', 'ca-service'), 'mutual TLS');
		});
		const titles = await page.locator('.edge title').allTextContents();
		assert.ok(
			titles.some((title) => /node-1 → apiserver-sim · mutual TLS · TLS 1\.3 · TLS_AES_\w+/.test(title)),
			titles.join('\n'),
		);
		await party(page, 'token-store').filter({ hasText: '365 d left' }).waitFor();
		const seen = (await page.evaluate('[...seen]')) as string[];
		assert.ok(seen.includes('line mutual'), seen.join(', '));
		const moved = (await page.evaluate('[...moved.values()]')) as string[];
		assert.ok(moved.includes('node-1~apiserver-sim'), moved.join(', '));
		await eventually(5, async () => assert.equal(await page.locator('.motion > *').count(), 0));
		await shots('joined');
	});

	it('is no wider than a narrow window when the name of the node is long', async () => {
		await joined();
		const page = await open('', looks[2]);
		await page.locator('.trust .who').first().waitFor();
		await page.evaluate(`document.querySelectorAll('.trust .who').forEach((who) => {
			for (const one of who.childNodes) if (one.data?.includes('node-1')) one.data = 'kubelet-sim-1-4593-with-more';
		})`);
		const width = await page.evaluate('document.documentElement.scrollWidth');
		assert.equal(width, looks[2].viewport.width);
	});

	it('says that an address names nothing, and leads back', async () => {
		await joined();
		for (const [address, words] of [
			['#/map/nodes~apiserver-sim', 'Whole map'],
			['#/map/nobody', 'Whole map'],
			['#/learn', 'Whole map'],
			['#/joins/0af7', 'All joins'],
			['#/experiments/none', 'Experiments'],
		] as const) {
			const page = await open(address);
			const link = page.locator('main').getByRole('link', { name: words, exact: true });
			await link.click();
			await link.waitFor({ state: 'detached' });
			await page.context().close();
		}
	});

	it('replays a join: the line has the protection that it had at each time', async () => {
		await joined();
		const page = await open();
		await page.locator('.dock .state.joined').waitFor();
		await page
			.locator('.phases .done')
			.nth(PHASES - 1)
			.waitFor();
		const lit = async () => String(await page.locator('.edge.lit .line').first().getAttribute('class'));
		await page.getByRole('button', { name: 'signature' }).click();
		await eventually(5, async () => assert.equal(await lit(), 'line none'));
		assert.match(page.url(), /[?&]t=\d+/);
		await page.getByRole('button', { name: 'create key' }).click();
		await eventually(5, async () => assert.equal(await lit(), 'line one-way'));
		const late = await open(new URL(page.url()).search + new URL(page.url()).hash);
		await eventually(10, async () =>
			assert.equal(await late.locator('.edge.lit .line').first().getAttribute('class'), 'line one-way'),
		);
		await page.getByLabel('Speed').selectOption('1×');
		await page.getByRole('button', { name: 'Play' }).click();
		await page.locator('.dock .state.joined').waitFor();
		await eventually(5, async () => assert.equal(await lit(), 'line mutual'));
	});

	it('stops a refused join where it was refused, with the code and the bytes of its token', async () => {
		await joined();
		const page = await open();
		await page
			.locator('.phases .done')
			.nth(PHASES - 1)
			.waitFor();
		// The map, which shows the join before, follows the new one.
		await mesh.joinAndFail({ token, pins: [`sha256:${'0'.repeat(64)}`], nodeName: 'node-refused' });
		const note = page.locator('.refusal-note');
		await note.waitFor();
		const text = (await note.textContent()) ?? '';
		assert.match(text, /^Refused by the node: CA_HASH_MISMATCH.*Token bytes sent: 0$/);
		await page.locator('.phases .refused', { hasText: 'pin CA' }).waitFor();
		assert.equal(await page.locator('.edge.lit .line.broken').count(), 1);
		await party(page, 'node-refused').click();
		await page.locator('.panel .failure', { hasText: 'Do this' }).waitFor();
		await page.locator('.panel', { hasText: 'The pin, step by step' }).waitFor();
		assert.match(page.url(), /#\/map\/node-refused$/);
		await shots('refused', '#/map/node-refused');
		await page.keyboard.press('Escape');
		await page.locator('.panel').waitFor({ state: 'detached' });
	});

	it('shows an attacker between the node and the cluster, which receives no token', async () => {
		const report = join(mesh.state, 'report.json');
		attacker = await startAttacker(report);
		const { listening } = JSON.parse(readFileSync(report, 'utf8')) as { listening: string };
		await mesh.joinAndFail({ token, nodeName: 'node-victim', endpoint: listening });
		const page = await open();
		await page.locator('.party.attacker').waitFor();
		await page.locator('.refusal-note', { hasText: 'Token bytes sent: 0' }).waitFor();
		assert.equal(await protection(page, 'node-victim', 'attacker-sim'), 'refused');
		await shots('attack');
		await attacker.stop();
	});

	it('shows a service that is killed, and that it is back', async () => {
		const page = await open();
		await party(page, 'ca-service').waitFor();
		await mesh.killService('ca-service');
		await page.locator('.party.stopped[data-party="ca-service"]', { hasText: 'stopped' }).waitFor();
		await shots('killed');
		// The join waits for the controllers as well, so it ends after the probe that finds ca-service.
		await mesh.killService('controller-manager-sim');
		const waiting = mesh.startNode('node-waits', 1, mesh.joinConfig({ token, discovery: '20s' }));
		await party(page, 'node-waits').waitFor();
		await mesh.startService('ca-service');
		await page.locator('.party:not(.stopped)[data-party="ca-service"]').waitFor();
		await mesh.startService('controller-manager-sim');
		await waiting;
		await page.goto(`${mesh.page}/#/joins`);
		await page.locator('.diagram h2', { hasText: 'node-waits' }).waitFor();
		await page.locator('.outage-row', { hasText: 'CA stopped found by its health probe' }).waitFor();
		await page.locator('.outage-row.over', { hasText: 'CA available again' }).waitFor();
		// The steps of a join are read after its line, which has the outages.
		await page.locator('.lanes > .out').first().waitFor({ state: 'attached' });
	});

	it('shows a connection that a service refused, with its peer and the reason of the service', async () => {
		const page = await open();
		await party(page, 'token-store').waitFor();
		const ca = mesh.pki('token-store/mesh-ca.crt');
		const stranger = connect({ host: '127.0.0.1', port: mesh.port + 2, servername: 'localhost', ca });
		stranger.on('error', () => undefined);
		await once(stranger, 'secureConnect');
		const peer = `127.0.0.1:${stranger.localPort}`;
		await once(stranger.resume(), 'close');
		await page.locator('[data-party="token-store"]', { hasText: '1 connection refused' }).waitFor();
		await party(page, 'token-store').click();
		await page.locator('.panel-refused', { hasText: `${peer} no client certificate` }).waitFor();
	});

	it('is one stop of the Tab key; arrows move along lines, T shows the table', async () => {
		await joined();
		const page = await open();
		await party(page, 'apiserver-sim').waitFor();
		await eventually(5, async () => assert.equal(await page.locator('.drawing [tabindex="0"]').count(), 1));
		await party(page, 'apiserver-sim').focus();
		await page.keyboard.press('ArrowRight');
		assert.match(String(await page.evaluate('document.activeElement.dataset.party')), /^(controller|token)/);
		await page.keyboard.press('Enter');
		await page.locator('.panel').waitFor();
		await page.keyboard.press('Escape');
		await page.keyboard.press('t');
		await page.locator('.map-table:not(.hidden)').waitFor();
		assert.equal(await page.locator('.drawing').count(), 0);
	});

	it('begins its panel where the legend ends, with the guide and with its room, and names are whole beside a tag', async () => {
		await joined();
		const page = await open('#/map/node-1', { viewport: { width: 1_280, height: 560 } });
		const tops = () =>
			page.evaluate(`[document.querySelector('.panel').getBoundingClientRect().top,
				document.querySelector('.map-legend').getBoundingClientRect().bottom]`) as Promise<number[]>;
		await page.locator('.panel h2').waitFor();
		await page.locator('.guide').waitFor();
		const [top, bottom] = await tops();
		assert.equal(top, bottom);
		await page.evaluate(`document.querySelector('.guide').outerHTML = '<div class="guide-room"></div>'`);
		assert.deepEqual(await tops(), [top, bottom]);
		const gap = await page.evaluate(`(() => {
			const card = document.querySelector('[data-party="node-1"]');
			const name = card.querySelector('strong').getBoundingClientRect();
			const tag = card.querySelector('.cas').getBoundingClientRect();
			return Math.max(tag.left - name.right, name.top - tag.bottom);
		})()`);
		assert.ok(Number(gap) >= 0, `the tag covers ${-Number(gap)} px of the name`);
	});

	it('obeys no single key after the reader turned them off', async () => {
		const page = await open();
		await party(page, 'apiserver-sim').waitFor();
		await page.keyboard.press('t');
		await page.locator('.map-table:not(.hidden)').waitFor();
		await page.keyboard.press('t');
		await party(page, 'apiserver-sim').waitFor();
		await page.locator('.guide summary').click();
		await page.getByLabel('Single keys').uncheck();
		await page.locator('.guide .close').click();
		await page.locator('.guide').waitFor({ state: 'detached' });
		for (const key of ['t', '2']) await page.keyboard.press(key);
		await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
		assert.equal(await page.locator('.drawing').count(), 1);
	});

	it('has no accessibility fault, with and without a panel, light and dark, wide and narrow', async () => {
		await joined();
		const axe = readFileSync(projectPath('node_modules', 'axe-core', 'axe.min.js'), 'utf8');
		for (const { name, ...options } of looks)
			for (const address of ['#/map', '#/map/apiserver-sim', '#/map/apiserver-sim~token-store']) {
				const page = await open(address, options);
				await page
					.locator(address === '#/map' ? '.party' : '.panel')
					.first()
					.waitFor();
				await page.evaluate(axe);
				const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] })`);
				const { violations } = found as { violations: { id: string; nodes: { html: string }[] }[] };
				assert.deepEqual(
					violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
					[],
					`${name} ${address}`,
				);
				const width = await page.evaluate(
					'document.documentElement.scrollWidth - document.documentElement.clientWidth',
				);
				assert.ok(Number(width) <= 0, `${name}: wider than the window by ${width} px`);
				await page.context().close();
			}
	});

	it('costs little processor time while a thousand joins arrive', async () => {
		const page = await open();
		await party(page, 'apiserver-sim').waitFor();
		const session = await page.context().newCDPSession(page);
		await session.send('Performance.enable', { timeDomain: 'threadTicks' });
		const spent = async () => {
			const { metrics } = await session.send('Performance.getMetrics');
			return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
		};
		const before = await spent();
		await sendStorm(mesh, STORM);
		await eventually(60, async () => {
			const { joined: count } = await stormOf();
			assert.ok(count >= STORM, `${count} joins`);
		});
		const cost = (await spent()) - before;
		assert.ok(cost < STORM * MOST_MS_PER_JOIN, `${Math.round(cost)} ms of processor time`);
	});

	it('shows more than sixty nodes as a field, with few elements', async () => {
		for (let index = 0; index < FIELD; index++) await mesh.api.nodes.create({ metadata: { name: `field-${index}` } });
		const page = await open();
		await page.locator('.node-field', { hasText: 'NotReady' }).waitFor();
		await page.locator('.node-field canvas').click({ position: { x: 4, y: 4 } });
		await page.locator('.panel').waitFor();
		const nodes = Number(await page.evaluate(`document.querySelectorAll('*').length`));
		assert.ok(nodes < 2_000, `${nodes} elements`);
		await shots('field');
	});

	it('has no errors in the console', () => assert.deepEqual(complaints, []));

	async function stormOf(): Promise<{ joined: number }> {
		const response = await fetch(`${mesh.page}/api/stream`);
		let text = '';
		for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
			text += chunk;
			const [, json] = /^event: storm\ndata: (.*)$/m.exec(text) ?? [];
			if (json !== undefined) return JSON.parse(json) as { joined: number };
		}
		return { joined: 0 };
	}

	async function startAttacker(report: string): Promise<Child> {
		const tokenFile = join(mesh.state, 'stolen-token');
		writeFileSync(tokenFile, token, { mode: 0o600 });
		const child = startChild(
			{
				name: 'attacker-sim',
				program: 'services/attacker-sim/main.js',
				telemetry: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${mesh.port + 3}` },
				settings: { TRACES_KEY_FILE: join(mesh.state, 'pki', 'attacker-sim', 'traces-key') },
				args: [
					...['listen', '--address', '127.0.0.1', '--port', '0', '--target', mesh.endpoint],
					...['--cluster-ca', join(mesh.state, 'pki', 'admin', 'ca.crt'), '--mode', 'forge-signed'],
					...['--report', report, '--token-file', tokenFile],
				],
			},
			collectLines(),
		);
		await child.started();
		return child;
	}
});
