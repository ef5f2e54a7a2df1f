/**
 * Reports a run to the observer of a mesh in containers, so that the page shows it: a program in the observer's
 * container receives the events. Access to the Docker engine, which the experiments need, is the permission.
 */
import type { Duplex } from 'node:stream';
import { KubejoinError } from '../../../../lib/errors.ts';
import { type Container, Docker } from './docker.ts';
import { findProject, listProject } from './project.ts';

export interface RunReporter {
	readonly report: (event: object) => void;
	/** Resolves when the observer has the events, or after a moment. */
	readonly end: () => Promise<void>;
}

export interface ReportRunOptions {
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly name: string;
	/** Called once, when the page cannot show the run. */
	readonly onProblem: (error: unknown) => void;
}

const RECEIVER = ['node', 'dist/bundle/services/observer/receive-run.js'];
const END_MS = 3_000;
const MAX_ATTEMPTS = 5;

/** The run does not wait for the page. */
export function createRunReporter({ env, name, onProblem }: ReportRunOptions): RunReporter {
	const lines: string[] = [];
	let observer: Container | undefined;
	let stream: Duplex | undefined;
	let sent = 0;
	let attempts = 0;
	const open = async (): Promise<Duplex> => {
		attempts++;
		observer = await findObserver(env);
		// An observer that has restarted hears the run from its beginning, under another name.
		sent = 0;
		return observer.open([...RECEIVER, `${name}-${attempts}`]);
	};
	const send = async (): Promise<void> => {
		if (attempts > MAX_ATTEMPTS) return;
		try {
			if (stream === undefined || stream.destroyed || stream.writableEnded) stream = await open();
			for (; sent < lines.length; sent++) stream.write(lines[sent]);
		} catch (error) {
			attempts = MAX_ATTEMPTS + 1;
			onProblem(error);
		}
	};
	let work = Promise.resolve();
	return {
		report(event) {
			lines.push(`${JSON.stringify(event)}\n`);
			work = work.then(send);
		},
		async end() {
			await work;
			const last = stream;
			if (last === undefined || last.destroyed) return;
			const closed = new Promise<void>((resolve) => void last.once('close', () => resolve()));
			last.end();
			let timer: NodeJS.Timeout | undefined;
			const late = new Promise<void>((resolve) => {
				timer = setTimeout(resolve, END_MS);
			});
			await Promise.race([closed, late]);
			clearTimeout(timer);
			last.destroy();
		},
	};
}

async function findObserver(env: ReportRunOptions['env']): Promise<Container> {
	const docker = await Docker.open(env);
	const project = await findProject(docker, env.COMPOSE_PROJECT_NAME);
	const [found] = await listProject(project, 'observer');
	if (found === undefined) throw new KubejoinError('MESH_NOT_FOUND', { project: project.name });
	return docker.container(found.Id, 'observer');
}
