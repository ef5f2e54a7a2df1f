/** Joins with a wrong clock: one for each service and offset. Their outcomes form a table. */
import type { LabContext } from '../context.ts';
import type { SkewResult } from '../control/api.ts';
import type { Driver } from '../drivers/driver.ts';

export const SKEW_RESULTS = 'skew-results.json';
/** Contains the nodes that were refused and have an identity. */
export const HALF_JOINED = 'half-joined.json';

/** A second result for the same service and offset replaces the first. */
export async function recordSkew(context: LabContext, result: SkewResult): Promise<void> {
	const before = (await context.read<readonly SkewResult[]>(SKEW_RESULTS)) ?? [];
	const others = before.filter(({ service, offset }) => service !== result.service || offset !== result.offset);
	await context.write(SKEW_RESULTS, [...others, result]);
}

export async function recordHalfJoined(context: LabContext, description: string): Promise<void> {
	const before = (await context.read<readonly string[]>(HALF_JOINED)) ?? [];
	await context.write(HALF_JOINED, [...before, description]);
}

/** @returns a line for each service and offset: `ca-service +600s: joined` */
export async function skewResultsText(context: LabContext): Promise<string> {
	const all = (await context.read<readonly SkewResult[]>(SKEW_RESULTS)) ?? [];
	return all.map(({ service, offset, outcome }) => `${service} ${offset}: ${outcome}`).join('\n');
}

export interface SkewQuestion {
	/** Or `kubelet-sim`, for the clock of the node. */
	readonly service: string;
	/** `+600s` */
	readonly offset: string;
	readonly token: string;
}

/** Join a node with a wrong clock, record the outcome, and remove the node. @returns `ca-service +600s: joined …` */
export async function joinWithSkew(driver: Driver, { service, offset, token }: SkewQuestion): Promise<string> {
	const node = `skew-${service}${offset.replace('+', '-plus-')}`;
	const isNode = service === 'kubelet-sim';
	if (!isNode) await driver.change(service, { clock: offset });
	const serviceClockMs = isNode ? undefined : await clockOfService(driver, service);
	const joined = await driver.lab.runCommand([
		...['join', node, '--token', token, '--discovery', '10s', '--bootstrap', '20s'],
		...(isNode ? ['--clock', offset] : []),
	]);
	const clockMs = isNode ? await clockOfNode(driver, node, joined.stdout) : serviceClockMs;
	const measured = `(its clock ${offsetText(clockMs)})`;
	const outcome = isShifted(clockMs, offset)
		? (/^[^:]+: (.*)$/m.exec(joined.stdout)?.[1] ?? joined.stderr)
		: `the fault had no effect: the clock of ${service} ${offsetText(clockMs)}`;
	const text = withTlsProblem(outcome, joined.stdout);
	await driver.lab.recordSkew({ service, offset, outcome: `${text} ${measured}` });
	if (!isNode) await driver.restore();
	if (outcome !== 'joined') await checkIdentity(driver, node, `${service} ${offset}`);
	await driver.lab.runCommand(['remove', node]);
	return `${service} ${offset}: ${outcome} ${measured}`;
}

/** Appends the error of a TLS handshake, unless the node joined. */
function withTlsProblem(outcome: string, output: string): string {
	const line = /^.*(?:x509|tls): .*$/m.exec(output)?.[0];
	const problem = line?.replace(/^.*?((?:x509|tls): .*)$/, '$1');
	return problem === undefined || outcome === 'joined' ? outcome : `${outcome}: ${problem}`;
}

/** Record a node that was refused and has a certificate. */
async function checkIdentity(driver: Driver, node: string, title: string): Promise<void> {
	const judged = await driver.lab.runCommand(['judge', 'security', '--no-certificate-on-disk', node]);
	if (judged.stdout.startsWith('security: held')) return;
	await driver.lab.recordHalfJoined(`${title}: ${judged.stdout.trim()}`);
}

/** @returns the offset of the service's clock in its last log line, in milliseconds; undefined when it logged none */
export async function clockOfService(driver: Driver, service: string): Promise<number | undefined> {
	const text = await driver.logs(0);
	const [json] = [...text.matchAll(new RegExp(`^\\{.*"time":"([^"]+)","service":"${service}"`, 'gm'))].slice(-1);
	if (json !== undefined) return offsetMsOf(json[1]);
	// A line of the text format contains only the time of day.
	const [line] = [...text.matchAll(new RegExp(`^(\\d\\d:\\d\\d:\\d\\d\\.\\d{3}) +${service} `, 'gm'))].slice(-1);
	const ms = offsetMsOf(line && `${new Date().toISOString().slice(0, 11)}${line[1]}Z`);
	return ms === undefined ? undefined : ms - Math.round(ms / DAY_MS) * DAY_MS;
}
const DAY_MS = 86_400_000;

/** The offset of the node's clock, from its heartbeat or from the time in its certificate error. */
async function clockOfNode(driver: Driver, node: string, output: string): Promise<number | undefined> {
	const command = ['kubectl', 'get', 'lease', node, '-n', 'kube-node-lease', '-o', 'json'];
	const lease = await driver.lab.runCommand(command);
	const heartbeat = /"renewTime": *"([^"]+)"/.exec(lease.stdout)?.[1];
	return offsetMsOf(heartbeat ?? [...output.matchAll(/current time (\S+) is/g)].at(-1)?.[1]);
}

const offsetMsOf = (time: string | undefined): number | undefined => {
	const ms = Date.parse(time ?? '');
	return Number.isNaN(ms) ? undefined : ms - Date.now();
};

const offsetText = (clockMs: number | undefined): string => {
	if (clockMs === undefined) return 'is not known';
	const seconds = Math.round(clockMs / 1_000);
	return `is off by ${seconds > 0 ? '+' : ''}${seconds} s`;
};

/** A measured time is some seconds old on a slow machine; every offset of an experiment is larger than this. */
const MAX_AGE_MS = 100_000;
const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, y: 31_536_000_000 } as const;

function isShifted(clockMs: number | undefined, offset: string): boolean {
	const [, number = '', unit = 's'] = /^([+-]\d+(?:\.\d+)?)([smhdy]?)$/.exec(offset) ?? [];
	const wantedMs = Number(number) * unitMs[(unit || 's') as keyof typeof unitMs];
	return clockMs !== undefined && Math.abs(clockMs - wantedMs) < MAX_AGE_MS;
}
