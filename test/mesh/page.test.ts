/**
 * The page in a browser against a mesh: by mouse, keyboard and screen reader, in two languages and two color
 * schemes, on a desktop and on a phone. SCREENSHOTS=DIR takes the screenshots of the README.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { newPage, requireBrowser, startBrowser } from './browser.ts';
import { writeExperiments } from './experiments.fixture.ts';
import { eventually, startTestMesh, type TestMesh, tokensIn } from './mesh.ts';
import { sendStorm } from './storm.fixture.ts';

const STORM = 1_000;
/**
 * Processor time of the page's thread, from its first byte to the list of joins. 12 loads on two cores took 235 to 327,
 * the longer ones beside four busy processes.
 */
const MOST_LOAD_MS = 1_000;
/** A load makes 19. A page that loads all views makes 34, and one that reads each listed join more than 100. */
const MOST_REQUESTS = 25;

describe('the page', () => {
	const complaints: string[] = [];
	const screenshots = environment().SCREENSHOTS;
	let mesh: TestMesh;
	let url: string;
	let browser: Browser;
	let token: string;
	let directory: string;

	before(async function () {
		requireBrowser(this);
		directory = writeExperiments();
		const settings = { observer: { EXPERIMENTS_DIRECTORY: directory } };
		mesh = await startTestMesh({ settings, observer: { story: 'off' } });
		url = `${mesh.page}/`;
		token = await mesh.createToken();
		browser = await startBrowser();
	});
	// Each test makes its own preconditions, so that a failure does not spread.
	afterEach(async function () {
		await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
		if (this.currentTest?.state === 'failed') await stopExperiment();
	});
	after(async () => {
		await browser?.close();
		await mesh?.stopAndRemove();
		if (directory !== undefined) rmSync(directory, { recursive: true });
	});

	async function open(hash = '#/joins', options: BrowserContextOptions = {}): Promise<Page> {
		const page = await newPage(browser, { viewport: { width: 1280, height: 900 }, ...options });
		page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
		page.on('pageerror', (error) => complaints.push(error.message));
		page.on(
			'request',
			(request) =>
				!request.url().startsWith(url) &&
				!request.url().startsWith('data:') &&
				complaints.push(`asked ${request.url()}`),
		);
		await page.goto(url + hash);
		return page;
	}
	const shot = async (page: Page, name: string) => {
		if (screenshots === undefined) return;
		await page.evaluate(() => scrollTo(0, 0));
		await page.screenshot({ path: join(screenshots, `${name}.png`) });
	};
	const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();
	const labels = (page: Page) => texts(page, '.row .what');
	const listed = (page: Page, node: string) => page.locator(`.list a:has-text("${node}")`).first();
	const startNode = (name: string, index: number) =>
		mesh.startNode(name, index, mesh.joinConfig({ token, discovery: '20s' }));

	let joining: Promise<unknown> | undefined;
	const joined = () => {
		joining ??= startNode('node-1', 0).catch((error: unknown) => {
			joining = undefined;
			throw error;
		});
		return joining;
	};
	let refusing: Promise<unknown> | undefined;
	const refused = () => {
		refusing ??= mesh.joinAndFail({ token, pins: [`sha256:${'0'.repeat(64)}`], nodeName: 'page-refused' });
		return refusing;
	};
	/** Until none runs; the page of a failed test has left it running. */
	async function stopExperiment(): Promise<void> {
		const response = await fetch(`${url}api/stream`);
		let key = '';
		for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
			key = /"key":"([^"]+)"/.exec(chunk)?.[1] ?? key;
			if (key !== '') break;
		}
		const headers = { 'content-type': 'application/json', 'x-kubejoin-session': key };
		await eventually(30, async () => {
			const { status } = await fetch(`${url}api/actions/stop-experiment`, { method: 'POST', headers, body: '{}' });
			assert.equal(status, 400, 'an experiment runs');
			await new Promise((resolve) => setTimeout(resolve, 500));
		});
	}

	it('shows a join while it runs, to its end', async () => {
		const page = await open();
		await page.getByText('No node has joined yet').waitFor();
		await joined();
		await listed(page, 'node-1').waitFor();
		await page.locator('.diagram .state.joined').waitFor();
		await eventually(5, async () => {
			const found = await labels(page);
			for (const wanted of [
				'Checks its own input',
				'The key of the CA matches the pin',
				'downloads cluster-info',
				'asks if its name exists: no',
				'is this token valid?',
				'sign this key',
				'Listed as a node, over mutual TLS',
			]) {
				assert.ok(found.includes(wanted), `${wanted} is not among ${found.join(', ')}`);
			}
		});
		assert.deepEqual(await texts(page, '.moment'), [
			'The node trusts the cluster. It can show its credential now.',
			'The cluster trusts the node. It has a certificate.',
		]);
		assert.deepEqual(await texts(page, '.lane-name'), [
			'node-1',
			'API serverapiserver-sim',
			'Token storetoken-store',
			'Controllercontroller-manager-sim',
			'CAca-service',
		]);
		await shot(page, 'join');
	});

	it('asks again for the files of a view and for an answer when the connection fails', async () => {
		await joined();
		const page = await newPage(browser);
		for (const path of [/\/joins-\w+\.js$/, /\/panel\.css$/, /\/api\/joins\/.*\/steps\//])
			await page.route(path, (route) => route.abort('connectionfailed'), { times: 1 });
		await page.goto(`${url}#/joins`);
		await listed(page, 'node-1').click();
		await page.locator('.row .what').first().click();
		await page.getByRole('tab', { name: 'Attacker' }).waitFor();
	});

	it('shows the phase, the cause and the remedy of a refused join, made by its button', async () => {
		const page = await open();
		await page.getByRole('button', { name: 'Break it' }).click();
		await page.getByRole('button', { name: 'Join with a wrong pin' }).click();
		await page.locator('.failure').waitFor();
		assert.match(
			(await page.locator('.failure').textContent()) ?? '',
			/CA_HASH_MISMATCH.*are pinned[\s\S]*Most likely cause: the pin belongs to another cluster[\s\S]*Also possible: [\s\S]*Do this: Get the hash on the control plane/,
		);
		await eventually(5, async () =>
			assert.equal((await labels(page)).at(-1), 'The key of the CA does not match the pin'),
		);
		assert.equal(await page.locator('.moment').count(), 0);
		await shot(page, 'refused');
	});

	it('shows the join of its address when it is opened later', async () => {
		await joined();
		const first = await open();
		await listed(first, 'node-1').click();
		await first.locator('.row').first().waitFor();
		const hash = new URL(first.url()).hash;
		const late = await open(hash);
		await late.locator('.moment').nth(1).waitFor();
		assert.equal(await late.locator('.diagram h2').textContent(), await first.locator('.diagram h2').textContent());
	});

	it('compares two joins, and marks their first difference', async () => {
		await Promise.all([joined(), refused()]);
		const page = await open();
		await listed(page, 'node-1').click();
		await page.getByLabel('Compare with').selectOption({ index: 1 });
		await page.locator('.different').waitFor();
		assert.match(
			(await page.locator('.verdict').textContent()) ?? '',
			/^The first difference: node-1: the key of the CA matches the pin; page-\w+: .*does not match the pin \(CA_HASH_MISMATCH\)$/,
		);
		await shot(page, 'compare');
	});

	it('opens and closes a step by keyboard, and shows the pin from its bytes', async () => {
		await joined();
		const page = await open();
		await listed(page, 'node-1').click();
		const row = page.locator('button.row', { hasText: 'The key of the CA matches the pin' });
		await row.focus();
		await page.keyboard.press('Enter');
		const detail = page.locator('.panel');
		await detail.getByText('The pin, step by step').waitFor();
		assert.match(
			String(await page.evaluate('document.activeElement.textContent')),
			/the key of the CA matches the pin/,
		);
		const text = (await detail.textContent()) ?? '';
		assert.ok(text.includes(mesh.pin.replace('sha256:', '')) && text.includes('All 64 digits are equal'));
		await shot(page, 'pin');
		await page.keyboard.press('Escape');
		await detail.waitFor({ state: 'detached' });
		await eventually(2, async () =>
			assert.match(
				String(await page.evaluate('document.activeElement.textContent')),
				/The key of the CA matches the pin/,
			),
		);
	});

	it('plays a join step by step', async () => {
		await joined();
		const page = await open();
		await listed(page, 'node-1').click();
		await page.locator('.row').nth(20).waitFor();
		const all = await page.locator('.row').count();
		await page.getByRole('button', { name: 'First step' }).click();
		assert.equal(await page.locator('.row').count(), 1);
		await page.getByRole('button', { name: 'Step forward' }).click();
		assert.equal(await page.locator('.row').count(), 2);
		await page.getByRole('button', { name: 'Step back' }).click();
		await page.getByLabel('Speed').selectOption('1×');
		await page.getByRole('button', { name: 'Play' }).click();
		await eventually(10, async () => assert.equal(await page.locator('.row').count(), all));
	});

	it('approves a pending request by a click', async () => {
		await joined();
		const { items } = await mesh.api.certificateSigningRequests.list();
		const spec = items[0]?.spec ?? assert.fail();
		const own = { ...spec, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] };
		await mesh.api.certificateSigningRequests.create({ metadata: { name: 'by-hand' }, spec: own });
		const page = await open('#/cluster/csrs');
		await page.getByRole('button', { name: 'Approve by-hand' }).click();
		await page.locator('tr', { hasText: 'by-hand' }).locator('.state', { hasText: 'Approved' }).waitFor();
		for (const [tab, wanted] of [
			['tokens', token.slice(0, 6)],
			['services', 'ca-service'],
			['leases', 'node-1'],
			['nodes', 'node-1'],
		]) {
			await page.goto(`${url}#/cluster/${tab}`);
			await page.getByRole('rowheader', { name: wanted ?? '', exact: true }).waitFor();
		}
		await page
			.getByRole('img', { name: /^Expires in 365 d$/ })
			.first()
			.waitFor();
		await shot(page, 'cluster');
	});

	it('runs an experiment to its two verdicts; red where red is predicted', async () => {
		const page = await open('#/experiments');
		await page.locator('.list .node').nth(2).waitFor();
		assert.deepEqual(await texts(page, '.list .node'), [
			'Without a pin, a node trusts any holder of the token',
			'It takes its time',
			'It does not go as predicted',
		]);
		await page.locator('.list a', { hasText: 'Without a pin' }).click();
		await page.locator('.tile.open').nth(1).waitFor();
		await page.locator('.by-design').waitFor();
		await page.getByRole('button', { name: 'Run' }).focus();
		await page.keyboard.press('Enter');
		await page.locator('.activities li.running', { hasText: 'join without a pin' }).waitFor();
		await startNode('node-2', 1);
		await page.locator('.result', { hasText: 'As predicted' }).waitFor();
		assert.deepEqual(await texts(page, '.found'), [' violated', ' held']);
		assert.equal(await page.locator('.tile.violated', { hasText: 'As predicted' }).count(), 1);
		assert.deepEqual(await texts(page, '.experiment h4'), [
			'Before: steady state',
			'Method',
			'After: steady state',
			'Rollbacks',
		]);
		assert.equal(await page.locator('.activities li.well').count(), 6);
		assert.equal(await page.locator('.experiment .failure').count(), 0);
		await shot(page, 'experiments');
		await page.locator('.joins-of-run a', { hasText: 'node-2' }).click();
		await page.locator('.diagram h2', { hasText: 'node-2' }).waitFor();
		const late = await open('#/experiments/no-pin');
		await late.locator('.result', { hasText: 'As predicted' }).waitFor();
	});

	it('shows why a verdict is not as predicted', async () => {
		const page = await open('#/experiments/unlike');
		await page.getByRole('button', { name: 'Run' }).click();
		await page.locator('.result', { hasText: 'Not as predicted' }).waitFor();
		assert.match(
			(await page.locator('.experiment .failure').textContent()) ?? '',
			/security is violated, expected held/,
		);
	});

	it('stops an experiment, which rolls back, and runs no other until then', async () => {
		const page = await open('#/experiments/slow');
		await page.getByRole('button', { name: 'Run' }).click();
		await page.locator('.activities li.running', { hasText: 'wait for long' }).waitFor();
		const other = await open('#/experiments/no-pin');
		await other.locator('.experiment', { hasText: 'Running now: It takes its time' }).waitFor();
		assert.equal(await other.getByRole('button', { name: 'Run' }).isDisabled(), true);
		await page.getByRole('button', { name: 'Stop' }).click();
		await page.locator('.result', { hasText: 'Stopped' }).waitFor();
		await page.locator('.activities li.well', { hasText: 'put it right' }).waitFor();
		await page.getByRole('button', { name: 'Run' }).waitFor();
		assert.equal(await other.getByRole('button', { name: 'Run' }).isDisabled(), false);
	});

	it('is in Chinese by preference or by choice, and remembers it', async () => {
		await joined();
		const page = await open('#/joins', { locale: 'zh-CN', colorScheme: 'dark' });
		await page.getByRole('link', { name: '加入记录' }).waitFor();
		assert.equal(await page.evaluate('document.documentElement.lang'), 'zh-CN');
		await listed(page, 'node-1').click();
		await page.locator('.moment', { hasText: '节点信任集群：现在可以出示凭据' }).waitFor();
		await shot(page, 'chinese-dark');
		await page.getByRole('button', { name: 'EN', exact: true }).click();
		await page.reload();
		await page.getByRole('link', { name: 'Joins' }).waitFor();
	});

	it('has no accessibility fault in any view or dialog, light and dark, desktop and phone', async () => {
		await Promise.all([joined(), refused()]);
		const axe = readFileSync(projectPath('node_modules', 'axe-core', 'axe.min.js'), 'utf8');
		const check = async (page: Page, name: string) => {
			await page.evaluate(axe);
			// A panel that is entering is half transparent.
			await page.evaluate('Promise.all(document.getAnimations().map(({ finished }) => finished))');
			const found = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] })`);
			const { violations } = found as { violations: { id: string; nodes: { html: string }[] }[] };
			assert.deepEqual(
				violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
				[],
				name,
			);
			const width = Number(
				await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
			);
			assert.ok(width <= 0, `${name}: wider than the window by ${width} px`);
		};
		for (const options of [
			{},
			{ colorScheme: 'dark' },
			{ viewport: { width: 360, height: 800 } },
		] satisfies BrowserContextOptions[]) {
			const name = JSON.stringify(options);
			const page = await open('#/joins', options);
			await listed(page, 'node-1').click();
			await page.locator('button.row', { hasText: 'The author of the copy knows the token' }).click();
			await page.getByText('Parts of the signature').waitFor();
			await check(page, `a step ${name}`);
			await page.keyboard.press('Escape');
			await page.getByRole('button', { name: 'Break it' }).click();
			await check(page, `the menu ${name}`);
			for (const view of ['#/cluster', '#/storm', '#/experiments/no-pin', '#/experiments/unlike']) {
				await page.goto(url + view);
				await page.locator('.card, .experiment').first().waitFor();
				await check(page, `${view} ${name}`);
			}
			await page.goto(`${url}#/certificates`);
			await check(page, `the certificates ${name}`);
			await page.locator('.certificates tbody tr:not(.group) a').first().click();
			await page.locator('.panel .field').first().waitFor();
			await check(page, `a certificate ${name}`);
			await page.goto(`${url}#/joins`);
			await page.getByLabel('Compare with').selectOption({ index: 1 });
			await page.locator('.compare').waitFor();
			await check(page, `two joins ${name}`);
		}
	});

	it('fits the window at a zoom of 125 % and 150 %', async () => {
		await joined();
		for (const zoom of [1.25, 1.5]) {
			const viewport = { width: Math.round(1280 / zoom), height: Math.round(800 / zoom) };
			const page = await open('#/map', { viewport });
			const views = ['map', 'map/apiserver-sim', 'joins', 'certificates', 'experiments', 'cluster', 'storm'];
			for (const view of views) {
				await page.goto(`${url}#/${view}`);
				await page.locator('main > :not(.guide, .guide-room, h1)').first().waitFor();
				const width = await page.evaluate(
					'document.documentElement.scrollWidth - document.documentElement.clientWidth',
				);
				assert.ok(Number(width) <= 0, `${view} at ${zoom}: wider than the window by ${width} px`);
			}
		}
	});

	it('lists the objects of a cluster below each other in 360 px, where columns have no room', async () => {
		await joined();
		const page = await open('#/cluster', { viewport: { width: 360, height: 740 } });
		for (const tab of ['nodes', 'csrs', 'tokens', 'leases', 'events']) {
			await page.goto(`${url}#/cluster/${tab}`);
			await page.locator('.cluster tbody tr').first().waitFor();
			const hidden =
				'document.querySelector(".cluster .scroll").scrollWidth - ' +
				'document.querySelector(".cluster .scroll").clientWidth';
			assert.equal(await page.evaluate(hidden), 0, tab);
		}
		await page.getByRole('rowheader', { name: 'node/node-1', exact: true }).first().waitFor();
		const approval = page.locator('.cluster tbody tr').filter({ hasText: 'CSRApproved' });
		await approval
			.getByRole('rowheader', { name: /^certificatesigningrequest\/node-csr-/ })
			.first()
			.waitFor();
	});

	it('loads with little work also after a storm of a thousand joins', async () => {
		const page = await open('#/storm');
		await sendStorm(mesh, STORM);
		await eventually(60, async () => {
			const [joins = ''] = await texts(page, '.figures dd');
			// `1,004 / 1,004`
			assert.ok(Number.parseInt(joins.replaceAll(',', ''), 10) >= STORM, joins);
		});
		await shot(page, 'storm');
		await page.goto(`${url}#/joins`);
		await page.locator('.list li').nth(99).waitFor();
		assert.equal(await page.locator('.list li').count(), 100);
		await page.getByLabel('Filter by node or error code').fill('storm-777');
		await eventually(10, async () => assert.equal(await page.locator('.list li').count(), 1));
		const fresh = await newPage(browser);
		const requests: string[] = [];
		fresh.on('request', (request) => requests.push(request.url()));
		const session = await fresh.context().newCDPSession(fresh);
		await session.send('Performance.enable', { timeDomain: 'threadTicks' });
		await fresh.goto(`${url}#/joins`);
		await fresh.locator('.list li').nth(50).waitFor();
		const { metrics } = await session.send('Performance.getMetrics');
		const spentMs = (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
		assert.ok(spentMs > 0 && spentMs < MOST_LOAD_MS, `${Math.round(spentMs)} ms of processor time`);
		assert.ok(requests.length <= MOST_REQUESTS, requests.join('\n'));
	});

	it('has no errors in the console, sends no requests to others, and shows no secret', async () => {
		assert.deepEqual(complaints, []);
		const page = await open('#/cluster');
		await page.locator('.card').first().waitFor();
		for (const text of [await page.content(), await (await fetch(`${url}page.js`)).text()]) {
			assert.ok(!text.includes(token.split('.')[1] ?? ''));
			assert.deepEqual(tokensIn(text), []);
		}
	});
});
