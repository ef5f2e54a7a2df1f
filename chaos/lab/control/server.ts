/**
 * The lab's own channel into a mesh: a small HTTP server on 127.0.0.1 that only who can read its key's file may use. It is no edge of the mesh, so an
 * experiment may break every edge and still be heard.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import express, { type ErrorRequestHandler } from 'express';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../../../lib/files.ts';
import { limits } from '../../../lib/limits.ts';
import { maskTokens } from '../../../lib/log.ts';
import { createHttpServer, listenHttp } from '../../../lib/rpc/http-server.ts';
import { sayUnforeseen } from '../../../lib/rpc/unforeseen.ts';
import type { Change } from '../../../scripts/mesh/services.ts';
import type { ServiceState } from '../drivers/driver.ts';
import type { Workers } from '../workers.ts';
import { CONTROL_FILE } from './client.ts';
import { readChange, readPlan, readSignal } from './requests.ts';

/** Where things are, as seen from where the nodes are. */
export interface MeshInfo {
	/** `127.0.0.1:6443` */
	readonly endpoint: string;
	/** Path of the admin's kubeconfig, and of the cluster CA. */
	readonly kubeconfig: string;
	readonly clusterCa: string;
	/** `HOST:PORT` by service, of those that serve others. */
	readonly addresses: Readonly<Record<string, string>>;
	/** What attackers listen on. */
	readonly ownAddress: string;
	/** Another one, that is not in the certificate of the API server. */
	readonly unnamedAddress: string;
	/** The nodes that the mesh itself runs. Absent: every node that no experiment started. */
	readonly nodes?: readonly string[] | undefined;
}

/** Of the services; absent where only nodes and attackers are kept. */
export interface ServiceControl {
	readonly services: () => readonly ServiceState[];
	readonly kill: (service: string) => Promise<void>;
	readonly start: (service: string) => Promise<void>;
	readonly pause: (service: string) => void;
	readonly resume: (service: string) => void;
	readonly change: (service: string, change: Change) => Promise<void>;
	readonly restore: () => Promise<readonly string[]>;
	readonly observerUrl: string;
	/** The names of the nodes that the mesh itself runs. */
	readonly nodes: () => readonly string[];
	/** Directories of what the mesh keeps: logs and certificates. */
	readonly logs: string;
	readonly pki: string;
}

export interface ControlOptions {
	/** Readable by the owner alone; holds the key. */
	readonly directory: string;
	readonly info: MeshInfo;
	readonly workers: Workers;
	readonly control?: ServiceControl;
}

const KEY_BYTES = 32;

/** How long a comparison takes says at most how long a key is, which everybody may know. */
const isKey = (key: string, header = ''): boolean => {
	const given = Buffer.from(header);
	const wanted = Buffer.from(`Bearer ${key}`);
	return given.length === wanted.length && timingSafeEqual(given, wanted);
};

/** Only the owner hears it, and there is no log beside it: what is unforeseen is told with its text. */
const onError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
	const { code, facts } = isOfBodyParser(error)
		? new KubejoinError('LAB_REQUEST_INVALID', { problem: `the request cannot be read: ${error.message}` })
		: error instanceof KubejoinError
			? error
			: new KubejoinError('SERVICE_FAILED', {
					service: 'the lab',
					problem: `met something unforeseen: ${causeText(error)}`,
				});
	response.status(400).json({ code, facts });
};
/** @source http-errors, as express.json throws them */
const isOfBodyParser = (error: unknown): error is Error =>
	error instanceof Error && 'expose' in error && error.expose === true;

/**
 * Write where it listens and its key into the directory, and serve.
 *
 * @returns stops it and every worker @throws FILE_UNUSABLE
 */
export async function serveControl({
	directory,
	info,
	workers,
	control,
}: ControlOptions): Promise<{ stop: () => Promise<void> }> {
	const key = randomBytes(KEY_BYTES).toString('base64url');
	const app = express().disable('x-powered-by').disable('etag');
	app.use((request, response, next) => {
		if (isKey(key, request.headers.authorization)) next();
		else response.status(401).json({ code: 'API_UNAUTHORIZED', facts: {} });
	});
	app.use(express.json({ limit: limits.labRequestBytes.value }));
	app.get(
		'/mesh',
		(_, response) =>
			void response.json({
				...info,
				nodes: control?.nodes(),
				observerUrl: control?.observerUrl,
				logs: control?.logs,
				pki: control?.pki,
			}),
	);
	app.get('/workers', (_, response) => void response.json(workers.all()));
	app.post('/workers', (request, response) => {
		workers.start(readPlan(request.body));
		response.json({});
	});
	app.get('/workers/:name', (request, response) => void response.json(workers.state(request.params.name)));
	app.post('/workers/:name/again', (request, response) => {
		workers.again(request.params.name);
		response.json({});
	});
	app.post('/workers/:name/signal', async (request, response) => {
		await workers.signal(request.params.name, readSignal(request.body));
		response.json({});
	});
	app.delete('/workers/:name', async (request, response) => {
		await workers.remove(request.params.name);
		response.json({});
	});
	if (control !== undefined) {
		app.get('/services', (_, response) => void response.json(control.services()));
		app.post('/services/:name/change', async (request, response) => {
			await control.change(request.params.name, readChange(request.body));
			response.json({});
		});
		for (const action of ['kill', 'start', 'pause', 'resume'] as const) {
			app.post(`/services/:name/${action}`, async (request, response) => {
				await control[action](request.params.name);
				response.json({});
			});
		}
		app.post('/restore', async (_, response) => void response.json(await control.restore()));
	}
	app.use(({ method, path }) => {
		throw new KubejoinError('LAB_REQUEST_INVALID', { problem: `there is no ${method} ${path} here` });
	});
	app.use(onError);
	const unforeseen = sayUnforeseen((sentence) => void process.stderr.write(maskTokens(`${sentence}\n`)));
	const server = createHttpServer(app, { unforeseen });
	const port = await listenHttp(server, 'the lab', '127.0.0.1', 0);
	await makePrivateDirectory(directory);
	await writeWholeFile(
		join(directory, CONTROL_FILE),
		JSON.stringify({ url: `http://127.0.0.1:${port}`, key, pid: process.pid }),
		0o600,
	);
	return {
		async stop() {
			server.close();
			server.closeAllConnections();
			await workers.stop();
		},
	};
}
