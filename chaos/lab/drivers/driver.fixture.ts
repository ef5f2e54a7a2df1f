/** A driver for tests: it records its calls and returns the results that a test sets. */
import { type LabApi, type LabCall, remoteLabApi, type ServiceState } from '../control/api.ts';
import type { Result } from '../result.ts';
import type { Driver } from './driver.ts';

export interface FakeDriver extends Driver {
	/** `kill ca-service`, `run join n`, `recordVerdict security: held` */
	readonly done: string[];
	readonly states: ServiceState[];
	/** The result of a command where the nodes are; default: no output, exit code 0. */
	answer: (args: readonly string[]) => Partial<Result>;
	/** The results of the other operations; default: none. */
	results: { [O in Exclude<keyof LabApi, 'runCommand'>]?: Awaited<ReturnType<LabApi[O]>> };
	/** Fails every operation where the nodes are. */
	failure: Error | undefined;
	restored: string[];
	left: string[];
	text: string;
}

export function fakeDriver(): FakeDriver {
	const done: string[] = [];
	const note = (what: string) => async (service: string) => void done.push(`${what} ${service}`);
	async function answerCall({ operation, args }: LabCall): Promise<unknown> {
		if (driver.failure !== undefined) throw driver.failure;
		if (operation === 'runCommand') {
			const command = args[0] as readonly string[];
			done.push(`run ${command.join(' ')}`);
			return { code: 0, stdout: '', stderr: '', ...driver.answer(command) };
		}
		const texts = args.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value)));
		done.push([operation, ...texts].join(' '));
		return driver.results[operation];
	}
	const driver: FakeDriver = {
		kind: 'local',
		lab: remoteLabApi(answerCall),
		done,
		states: ['ca-service', 'token-store'].map((name) => ({ name, state: 'running', startedAtMs: 1, isChanged: false })),
		answer: () => ({}),
		results: {},
		failure: undefined,
		restored: [],
		left: [],
		text: '',
		services: async () => driver.states,
		kill: note('kill'),
		start: note('start'),
		pause: note('pause'),
		resume: note('resume'),
		cut: note('cut'),
		heal: note('heal'),
		change: async (service, { clock }) => void done.push(`change ${service} ${clock}`),
		async restore() {
			done.push('restore');
			return driver.restored;
		},
		labExists: async () => true,
		removeLab: async () => driver.left,
		steal: async (thing) => `/stolen/${thing}`,
		observerUrl: async () => '',
		logs: async () => driver.text,
	};
	return driver;
}
