/** Calls the experiment runner by its command line, for the tests that run the catalogue. */
import { readdirSync } from 'node:fs';
import { projectPath } from '../lib/paths.ts';
import { runProgram } from '../lib/process-supervisor.ts';

/** The fields of the event that the tests use. */
export interface Ended {
	readonly event: 'experiment-ended';
	readonly experiment: string;
	readonly passed: boolean;
	readonly seconds: number;
	readonly problems: readonly string[];
}

export const experiments: readonly string[] = readdirSync(projectPath('chaos/experiments')).flatMap((file) =>
	file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : [],
);

const program = (script: string, args: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
	runProgram({ name: script, program: script, args, variables });

export interface Where {
	readonly mesh: 'local' | 'compose';
	readonly state: string;
	readonly observer: string;
	/** Environment of the runner. */
	readonly env?: Readonly<Record<string, string>>;
}

/** @throws Error  with the output of the runner, when it has no event of the end */
export async function runExperiment(name: string, { mesh, state, observer, env }: Where): Promise<Ended> {
	const { stdout, stderr } = await program(
		'scripts/chaos.js',
		[name, '--mesh', mesh, '--state', state, '--observer', observer, '--progress', 'json'],
		env,
	);
	const events = stdout
		.split('\n')
		.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { readonly event: string }] : []));
	const ended = events.find((event): event is Ended => event.event === 'experiment-ended');
	if (ended === undefined) throw new Error(`${name} was not run: ${stdout}${stderr}`);
	return ended;
}

export const lab = ({ mesh, state, env }: Where, ...args: readonly string[]) =>
	program('chaos/lab/main.js', args, { CHAOS_MESH: mesh, CHAOS_STATE: state, ...env });
