/** A driver for tests: it writes down what is done to services, and answers what a test says. */
import type { Driver, Result, ServiceState } from './driver.ts';

export interface FakeDriver extends Driver {
	readonly done: string[];
	readonly states: ServiceState[];
	/** What a verb that runs where the nodes are prints; default: nothing, with exit code 0. */
	answer: (args: readonly string[]) => Partial<Result>;
	restored: string[];
	left: string[];
	text: string;
}

export function fakeDriver(): FakeDriver {
	const done: string[] = [];
	const note = (what: string) => async (service: string) => void done.push(`${what} ${service}`);
	const driver: FakeDriver = {
		kind: 'local',
		done,
		states: ['ca-service', 'token-store'].map((name) => ({ name, state: 'running', startedAtMs: 1, isChanged: false })),
		answer: () => ({}),
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
		async runInLab(args) {
			done.push(`inside ${args.join(' ')}`);
			return { code: 0, stdout: '', stderr: '', ...driver.answer(args) };
		},
		steal: async (thing) => `/stolen/${thing}`,
		observerUrl: async () => '',
		logs: async () => driver.text,
	};
	return driver;
}
