/** The process of the attackers, from outside: the rates that each attack reached, and its processor time. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectPath } from '../../lib/paths.ts';
import { deriveTracesKey } from '../../lib/traces-key.ts';
import { type ServiceName, serviceNames } from '../../scripts/mesh/services.ts';
import { type LoadKind, type LoadOrder, type LoadReport, type LoadReports, loadAttacks } from './load-kinds.ts';
import { cpuMsOf, type Target } from './target.ts';

const BUILD_UP_REPORTS = 5;
const services: readonly ServiceName[] = [...serviceNames, 'observer'];

/** At the begin of a measurement. */
interface Begin {
	readonly atMs: number;
	/** How many reports came before. */
	readonly reports: number;
	readonly cpuMs: ReadonlyMap<ServiceName | 'attackers', number>;
	readonly metrics: ReadonlyMap<LoadKind, number>;
}

export class Attackers {
	readonly #target: Target;
	readonly #kinds: readonly LoadKind[];
	readonly #process: ChildProcess;
	readonly #reports: LoadReports[] = [];
	#begin: Begin = { atMs: performance.now(), reports: 0, cpuMs: new Map(), metrics: new Map() };

	constructor(target: Target, kinds: readonly LoadKind[], { isYielding }: Pick<LoadOrder, 'isYielding'>) {
		this.#target = target;
		this.#kinds = kinds;
		const { mesh, tracesPort } = target;
		const masterKey = readFileSync(join(mesh.state, 'pki/observer/traces-key'), 'utf8').trim();
		const tracesKey = deriveTracesKey(masterKey, 'kubelet-sim');
		const order: LoadOrder = { kinds, port: mesh.port, tracesPort, tracesKey, isYielding };
		// A session of its own, as each program of the mesh has: the attackers lower the priority of the session.
		const options = { execArgv: ['--import', 'tsx'], detached: true };
		this.#process = fork(projectPath('test/attacks/load-attackers.ts'), options);
		this.#process.on('message', (reports) => this.#reports.push(reports as LoadReports));
		this.#process.send(order);
	}

	/** In the last seconds; a rate that only the service counts is not looked at. */
	areAtTheirRates(share: number): boolean {
		if (this.#reports.length <= BUILD_UP_REPORTS) return false;
		const from = this.#reports.length - BUILD_UP_REPORTS;
		return this.#kinds.every((kind) => this.#reported(kind, from) >= loadAttacks[kind].amount * share);
	}

	async begin(): Promise<void> {
		const metrics = new Map<LoadKind, number>();
		for (const kind of this.#kinds) metrics.set(kind, await this.#metric(kind));
		this.#begin = { atMs: performance.now(), reports: this.#reports.length, cpuMs: this.#cpuMs(), metrics };
	}

	/** Since `begin`, in the unit of the attack. */
	async reached(kind: LoadKind): Promise<number> {
		if (loadAttacks[kind].metric === undefined) return this.#reported(kind, this.#begin.reports);
		return ((await this.#metric(kind)) - (this.#begin.metrics.get(kind) ?? 0)) / this.#seconds();
	}

	/** Actions of an attack since `begin`. */
	count(kind: LoadKind): number {
		const before = this.#reports[this.#begin.reports - 1]?.[kind].count ?? 0;
		return (this.#reports.at(-1)?.[kind].count ?? 0) - before;
	}

	/** Processor time since `begin`. */
	cpuMs(name: ServiceName | 'attackers'): number {
		return (this.#cpuMs().get(name) ?? 0) - (this.#begin.cpuMs.get(name) ?? 0);
	}

	/** The shares of one core since `begin`. */
	costText(): string {
		const share = (name: ServiceName | 'attackers'): string =>
			`${name} ${Math.round(this.cpuMs(name) / 10 / this.#seconds())} %`;
		return `  processor time, in shares of one core: ${([...services, 'attackers'] as const).map(share).join(', ')}`;
	}

	stop(): void {
		this.#process.kill();
	}

	#reported(kind: LoadKind, from: number): number {
		const { of } = loadAttacks[kind];
		const reports: readonly LoadReport[] = this.#reports.slice(from).map((all) => all[kind]);
		const { count = 0, refused = 0 } = this.#reports[from - 1]?.[kind] ?? {};
		const last = reports.at(-1);
		if (last === undefined) return 0;
		if (of === 'opened in all') return last.count;
		if (of === 'open') return reports.reduce((sum, { open }) => sum + open, 0) / reports.length;
		const isCounted = of === 'refused per second' && loadAttacks[kind].metric === undefined;
		return (isCounted ? last.refused - refused : last.count - count) / reports.length;
	}

	#seconds(): number {
		return (performance.now() - this.#begin.atMs) / 1_000;
	}

	async #metric(kind: LoadKind): Promise<number> {
		const { service, metric } = loadAttacks[kind];
		return metric === undefined ? 0 : this.#target.metric(service, ...metric);
	}

	#cpuMs(): Map<ServiceName | 'attackers', number> {
		const times = new Map<ServiceName | 'attackers', number>();
		for (const name of services) times.set(name, this.#target.cpuMs(name));
		const { pid } = this.#process;
		if (pid !== undefined && this.#process.exitCode === null) times.set('attackers', cpuMsOf(pid));
		return times;
	}
}
