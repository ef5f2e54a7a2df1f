/**
 * The nodes that the page joins: each is a kubelet-sim of its own, started as a person would start it. No token is
 * ever an argument.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { KubejoinError } from '../../lib/errors.ts';
import { makeDirectories, readText, writeWholeFile } from '../../lib/files.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { Child, startChild } from '../../lib/process-supervisor.ts';
import { readYamlFile } from '../../lib/yaml.ts';

export interface PageNodesOptions {
	/** For the files of the nodes. */
	readonly directory: string;
	/** Runs kubectl-sim as the admin. */
	readonly kubectl: (...args: string[]) => Promise<string>;
	readonly startChild: typeof startChild;
	/** The standard OTEL_ variables of the nodes. */
	readonly telemetry: Readonly<Record<string, string>>;
	/** The key with which the nodes send their traces. */
	readonly tracesKey: string;
	/** @returns a free TCP port of 127.0.0.1 */
	readonly freePort: () => Promise<number>;
	readonly count?: CountRefusal | undefined;
	readonly log: Log;
}

export class PageNodes {
	readonly #options: PageNodesOptions;
	readonly #running = new Map<string, Child>();
	#starting = 0;

	constructor(options: PageNodesOptions) {
		this.#options = options;
	}

	/** The trace of the join shows its result. @returns the name of the node @throws ACTION_REFUSED */
	async join(pin: 'right' | 'wrong'): Promise<string> {
		const { value: most } = limits.pageNodes;
		if (this.#running.size + this.#starting >= most) {
			this.#options.count?.('pageNodes');
			throw new KubejoinError('ACTION_REFUSED', {
				command: 'kubelet-sim join',
				problem: `the page has joined ${most} nodes, which is the most it can`,
			});
		}
		const name = `page-${randomBytes(3).toString('hex')}`;
		const root = join(this.#options.directory, name);
		this.#starting += 1;
		try {
			makeDirectories(root);
			await this.#start(name, root, await this.#writeConfig(root, pin));
		} finally {
			this.#starting -= 1;
		}
		return name;
	}

	async stop(): Promise<void> {
		await Promise.all([...this.#running.values()].map((node) => node.stop()));
	}

	async #writeConfig(root: string, pin: 'right' | 'wrong'): Promise<string> {
		const path = join(root, 'join.yaml');
		await this.#options.kubectl('token', 'create', '--ttl', '15m', '--print-join-config', '--to', path);
		if (pin === 'wrong') await writeWholeFile(path, withWrongPin(path, readText(path)), 0o600);
		return path;
	}

	async #start(name: string, root: string, config: string): Promise<void> {
		const { telemetry, tracesKey, freePort, log } = this.#options;
		const keyFile = join(root, 'traces-key');
		await writeWholeFile(keyFile, `${tracesKey}\n`, 0o600);
		const port = String(await freePort());
		const args = ['join', '--config', config, '--node-name', name, '--root', root, '--healthz-port', port];
		const forget = () => void this.#running.delete(name);
		const node = this.#options.startChild(
			{ name, program: 'services/kubelet-sim/main.js', args, telemetry, settings: { TRACES_KEY_FILE: keyFile } },
			{
				onLine: (_, line) => log.debug({ node: name, line }, 'output of a node that the page joined'),
				onCrash: (_, how) => log.warn({ node: name, how }, 'a node that the page joined is started again'),
				onGiveUp: forget,
			},
		);
		this.#running.set(name, node);
		node.started().catch(forget);
	}
}

/** The same JoinConfiguration with the pin of a key that no CA has. */
export function withWrongPin(path: string, joinConfig: string): string {
	const config = readYamlFile(path, joinConfig) as { discovery: { bootstrapToken: { caCertHashes: string[] } } };
	config.discovery.bootstrapToken.caCertHashes = [`sha256:${randomBytes(32).toString('hex')}`];
	return stringify(config);
}
