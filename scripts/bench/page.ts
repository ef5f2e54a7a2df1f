/**
 * The page in Chromium, while real nodes join on the same processors: frames a second, the longest task, and the first
 * paint, before the joins and when all of them are known.
 */
import { existsSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import type { Browser, Page } from 'playwright-core';
import { machineCpuMs } from './processes.ts';
import { type Summary, summarize } from './statistics.ts';
import { type Subject, startSubject } from './subject.ts';

export interface PagePlan {
	readonly joins: number;
	/** Loads of the page for the first paint. */
	readonly rounds: number;
}
export const fullPage: PagePlan = { joins: 1_000, rounds: 5 };
export const quickPage: PagePlan = { joins: 50, rounds: 2 };

/** Of a page since it was opened, or since the last reading. */
export interface PageReading {
	/** One value for each second. */
	readonly framesPerSecond: Summary;
	/** In time on the clock: on a busy machine, a task also waits for a processor. */
	readonly longestTaskMs: number;
	readonly tasksAbove100Ms: number;
	/** Of the thread of the page, which does not depend on other programs. */
	readonly cpuMs: number;
	readonly cpuShare: number;
}
export interface PageFigures extends Omit<PageReading, 'cpuMs'> {
	readonly view: string;
	readonly viewport: string;
	readonly joinsPerSecond: number;
	readonly cpuMsPerJoin: number;
	/** Of the processors, by all programs of the machine. */
	readonly busyShare: number;
}
export interface PageResult extends PagePlan {
	readonly build: string;
	/** Of one minute, before the measurement. */
	readonly load: number;
	readonly figures: readonly PageFigures[];
	/** Before the joins, and when the observer knows all of them. */
	readonly firstPaintMs: readonly Summary[];
	/** Of the map and the guide, not compressed. */
	readonly scriptBytes: number;
}

const CHROMIUM = '/usr/bin/chromium';
const PAGE_OFFSET = 4;
const LONG_TASK_MS = 100;
const SETTLE_MS = 2_000;
const views = [
	{ view: 'map', width: 1_280, height: 800 },
	{ view: 'storm', width: 1_280, height: 800 },
	{ view: 'map', width: 1_920, height: 1_080 },
] as const;

/** @returns undefined without Chromium */
export async function measurePage(
	build: { readonly name: string; readonly build: string },
	plan: PagePlan,
	{ port, say }: { readonly port: number; readonly say: (line: string) => void },
): Promise<PageResult | undefined> {
	if (!existsSync(CHROMIUM)) {
		say(`page: there is no ${CHROMIUM} (apt-get install chromium)`);
		return undefined;
	}
	const [load = 0] = loadavg();
	const browser = await launchBrowser();
	const url = pageUrl(port);
	const figures: PageFigures[] = [];
	const loads: Awaited<ReturnType<typeof firstPaints>>[] = [];
	try {
		// A mesh for each view: nodes of a state directory join once.
		for (const [index, one] of views.entries()) {
			const subject = await startSubject({
				...build,
				port,
				store: 'lmdb',
				hasObserver: true,
				settings: connections(plan),
			});
			try {
				if (index === 0) loads.push(await firstPaints(browser, url, plan.rounds));
				say(`page: ${plan.joins} nodes join, ${one.view} at ${one.width} x ${one.height}`);
				figures.push(await duringJoins({ browser, url, subject, joins: plan.joins, ...one }));
				if (index === 0) loads.push(await firstPaints(browser, url, plan.rounds));
			} finally {
				await subject.close();
			}
		}
	} finally {
		await browser.close();
	}
	return {
		...{ ...plan, build: build.name, load, figures },
		firstPaintMs: loads.map(({ paintMs }) => paintMs),
		scriptBytes: Math.max(...loads.map(({ scriptBytes }) => scriptBytes)),
	};
}

export const pageUrl = (port: number): string => `http://127.0.0.1:${port + PAGE_OFFSET}`;

/** @throws Error  without Chromium */
export async function launchBrowser(): Promise<Browser> {
	if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM} (apt-get install chromium)`);
	const { chromium } = await import('playwright-core');
	return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

const connections = ({ joins }: PagePlan) => ({ 'apiserver-sim': { MAX_CONNECTIONS: String(2_000 + 2 * joins) } });

interface Loaded {
	readonly paintMs: number;
	readonly scriptBytes: number;
}

async function firstPaints(browser: Browser, url: string, rounds: number) {
	const loads: Loaded[] = [];
	// The first load starts processes of the browser.
	for (let round = 0; round <= rounds; round++) {
		const page = await newPage(browser, { width: 1_280, height: 800 });
		await page.goto(url);
		await page.locator('.party').first().waitFor();
		await page.waitForTimeout(SETTLE_MS);
		loads.push((await page.evaluate(loadedText)) as Loaded);
		await page.context().close();
	}
	return {
		paintMs: summarize(loads.slice(1).map(({ paintMs }) => paintMs)),
		scriptBytes: Math.max(...loads.map(({ scriptBytes }) => scriptBytes)),
	};
}

const loadedText = `({
	paintMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
	scriptBytes: performance.getEntriesByType('resource')
		.filter(({ name }) => name.endsWith('.js'))
		.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0),
})`;

/** Counts the frames of each second, and every task that Chromium reports as long, above 50 ms. */
const watchText = `(() => {
	let startMs = performance.now();
	let seen = { frames: [], tasks: [] };
	const count = (ms) => {
		const second = Math.max(0, Math.floor((ms - startMs) / 1000));
		seen.frames[second] = (seen.frames[second] ?? 0) + 1;
		requestAnimationFrame(count);
	};
	requestAnimationFrame(count);
	const observer = new PerformanceObserver((list) => {
		for (const { duration } of list.getEntries()) seen.tasks.push(duration);
	});
	observer.observe({ type: 'longtask' });
	globalThis.takeSeen = () => {
		const taken = seen;
		[startMs, seen] = [performance.now(), { frames: [], tasks: [] }];
		return taken;
	};
})()`;

interface Watched {
	readonly frames: readonly (number | null)[];
	readonly tasks: readonly number[];
}

interface DuringJoins {
	readonly browser: Browser;
	readonly url: string;
	readonly subject: Subject;
	readonly joins: number;
	readonly view: string;
	readonly width: number;
	readonly height: number;
}

/** A page in Chromium whose frames and long tasks are counted. */
export class WatchedPage {
	readonly #page: Page;
	readonly #cpuMs: () => Promise<number>;
	#since: { readonly atMs: number; readonly cpuMs: number };

	private constructor(page: Page, cpuMs: () => Promise<number>, knownMs: number) {
		this.#page = page;
		this.#cpuMs = cpuMs;
		this.#since = { atMs: performance.now(), cpuMs: knownMs };
	}

	static async open(
		browser: Browser,
		address: string,
		viewport: { readonly width: number; readonly height: number },
	): Promise<WatchedPage> {
		const page = await newPage(browser, viewport);
		await page.goto(address);
		await page.waitForTimeout(SETTLE_MS);
		await page.evaluate(watchText);
		const session = await page.context().newCDPSession(page);
		await session.send('Performance.enable', { timeDomain: 'threadTicks' });
		const cpuMs = async () => {
			const { metrics } = await session.send('Performance.getMetrics');
			return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
		};
		return new WatchedPage(page, cpuMs, await cpuMs());
	}

	async read(): Promise<PageReading> {
		const { frames, tasks } = (await this.#page.evaluate('takeSeen()')) as Watched;
		const now = { atMs: performance.now(), cpuMs: await this.#cpuMs() };
		const cpuMs = now.cpuMs - this.#since.cpuMs;
		const cpuShare = cpuMs / (now.atMs - this.#since.atMs);
		this.#since = now;
		return {
			// The last second is not whole.
			framesPerSecond: summarize(Array.from(frames.slice(0, -1), (count) => count ?? 0)),
			longestTaskMs: Math.max(0, ...tasks),
			tasksAbove100Ms: tasks.filter((ms) => ms > LONG_TASK_MS).length,
			...{ cpuMs, cpuShare },
		};
	}

	close(): Promise<void> {
		return this.#page.context().close();
	}
}

async function duringJoins({ browser, url, subject, joins, view, width, height }: DuringJoins): Promise<PageFigures> {
	const page = await WatchedPage.open(browser, `${url}/#/${view}`, { width, height });
	const [startedMs, busyMs] = [performance.now(), machineCpuMs()];
	const nodes = subject.mesh.startNodes(joins, await subject.mesh.makeJoinConfig());
	await nodes.started();
	const elapsedMs = performance.now() - startedMs;
	const busyShare = (machineCpuMs() - busyMs) / elapsedMs / availableParallelism();
	const { cpuMs, ...reading } = await page.read();
	await page.close();
	await nodes.stop();
	return {
		...{ view, viewport: `${width} x ${height}`, busyShare, ...reading },
		joinsPerSecond: (joins * 1_000) / elapsedMs,
		cpuMsPerJoin: cpuMs / joins,
	};
}

async function newPage(browser: Browser, viewport: { readonly width: number; readonly height: number }): Promise<Page> {
	const context = await browser.newContext({ viewport, locale: 'en-US' });
	return context.newPage();
}
