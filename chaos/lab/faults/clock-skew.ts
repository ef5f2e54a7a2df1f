/** What a wrong clock does: one join for each service and offset, and what became of it, as a table. */

import type { LabContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';

export interface Skew {
	readonly service: string;
	/** `+600s` */
	readonly offset: string;
	/** As the first line of `nodeText`, without the node's name. */
	readonly outcome: string;
}

const FILE = 'skew.json';
/** Nodes that were refused and have an identity all the same. */
export const HALF_JOINED = 'half-joined.json';

export async function recordSkew(context: LabContext, skew: Skew): Promise<void> {
	const before = (await context.read<readonly Skew[]>(FILE)) ?? [];
	await context.write(FILE, [
		...before.filter(({ service, offset }) => service !== skew.service || offset !== skew.offset),
		skew,
	]);
}

export async function recordHalfJoined(context: LabContext, what: string): Promise<void> {
	await context.write(HALF_JOINED, [...((await context.read<readonly string[]>(HALF_JOINED)) ?? []), what]);
}

/** A line for each service and offset: `ca-service +600s: joined`. */
export async function skewText(context: LabContext): Promise<string> {
	const all = (await context.read<readonly Skew[]>(FILE)) ?? [];
	return all.map(({ service, offset, outcome }) => `${service} ${offset}: ${outcome}`).join('\n');
}

/**
 * A join while the clock of one service, or of the node, is wrong; what became of it is recorded where the nodes are.
 *
 * @param service  or `kubelet-sim`
 * @param offset   `+600s`
 * @returns `ca-service +600s: joined`
 */
export async function skew(
	driver: Driver,
	service: string,
	offset: string,
	{ token }: { token: string },
): Promise<string> {
	const node = `skew-${service}${offset.replace('+', '-plus-')}`;
	const isNode = service === 'kubelet-sim';
	if (!isNode) await driver.change(service, { clock: offset });
	const serviceClockMs = isNode ? undefined : await clockOfService(driver, service);
	const joined = await driver.runInLab([
		...['join', node, '--token', token, '--discovery', '10s', '--bootstrap', '20s'],
		...(isNode ? ['--clock', offset] : []),
	]);
	const state = /^[^:]+: (.*)$/m.exec(joined.stdout)?.[1] ?? joined.stderr;
	const clockMs = isNode ? await clockOfNode(driver, node, joined.stdout) : serviceClockMs;
	const outcome = isShifted(clockMs, offset)
		? state
		: `the fault had no effect: the clock of ${service} ${offText(clockMs)}`;
	const problem = /^.*(?:x509|tls): .*$/m.exec(joined.stdout)?.[0]?.replace(/^.*?((?:x509|tls): .*)$/, '$1') ?? '';
	const text = problem === '' || outcome === 'joined' ? outcome : `${outcome}: ${problem}`;
	await driver.runInLab(['record-skew', '--', service, offset, `${text} (its clock ${offText(clockMs)})`]);
	if (!isNode) await driver.restore();
	if (outcome !== 'joined') {
		const judged = await driver.runInLab(['judge', 'security', '--no-certificate-on-disk', node]);
		if (!judged.stdout.startsWith('security: held'))
			await driver.runInLab(['record-half-joined', '--', `${service} ${offset}: ${judged.stdout.trim()}`]);
	}
	await driver.runInLab(['remove', node]);
	return `${service} ${offset}: ${outcome} (its clock ${offText(clockMs)})`;
}

/** By how many milliseconds the clock of a service is wrong, from the last line that it logged; undefined when it logged none. */
export async function clockOfService(driver: Driver, service: string): Promise<number | undefined> {
	const text = await driver.logs(0);
	const [json] = [...text.matchAll(new RegExp(`^\\{.*"time":"([^"]+)","service":"${service}"`, 'gm'))].slice(-1);
	if (json !== undefined) return offsetOf(json[1]);
	// A line of text has the time of day alone.
	const [line] = [...text.matchAll(new RegExp(`^(\\d\\d:\\d\\d:\\d\\d\\.\\d{3}) +${service} `, 'gm'))].slice(-1);
	const ms = offsetOf(line && `${new Date().toISOString().slice(0, 11)}${line[1]}Z`);
	return ms === undefined ? undefined : ms - Math.round(ms / DAY_MS) * DAY_MS;
}
const DAY_MS = 86_400_000;

/** By how many milliseconds the clock of a node is wrong, from its heartbeat, or from the time that it printed when it refused a certificate. */
async function clockOfNode(driver: Driver, node: string, output: string): Promise<number | undefined> {
	const lease = await driver.runInLab(['kubectl', 'get', 'lease', node, '-n', 'kube-node-lease', '-o', 'json']);
	const heartbeat = /"renewTime": *"([^"]+)"/.exec(lease.stdout)?.[1];
	return offsetOf(heartbeat ?? [...output.matchAll(/current time (\S+) is/g)].at(-1)?.[1]);
}

const offsetOf = (time: string | undefined): number | undefined => {
	const ms = Date.parse(time ?? '');
	return Number.isNaN(ms) ? undefined : ms - Date.now();
};

const offText = (clockMs: number | undefined): string => {
	if (clockMs === undefined) return 'is not known';
	const seconds = Math.round(clockMs / 1_000);
	return `is off by ${seconds > 0 ? '+' : ''}${seconds} s`;
};

/** What was read is some seconds old on a busy machine, and each offset of an experiment is longer. */
const MAX_AGE_MS = 100_000;
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 31_536_000_000 } as const;

function isShifted(clockMs: number | undefined, offset: string): boolean {
	const [, number = '', unit = 's'] = /^([+-]\d+(?:\.\d+)?)([smhdy]?)$/.exec(offset) ?? [];
	const wantedMs = Number(number) * unitMs[(unit || 's') as keyof typeof unitMs];
	return clockMs !== undefined && Math.abs(clockMs - wantedMs) < MAX_AGE_MS;
}
