/**
 * The control server of the lab, on 127.0.0.1, for clients that can read the file with its key. It is separate from the
 * connections between the services, so experiments can break all of those and still reach it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express';
import { causeText, KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../../../lib/files.ts';
import { limits } from '../../../lib/limits.ts';
import { maskTokens } from '../../../lib/log.ts';
import { createHttpServer, listenHttp } from '../../../lib/rpc/http-server.ts';
import { sayUnforeseen } from '../../../lib/rpc/unforeseen.ts';
import type { Workers } from '../workers.ts';
import { answerLabCall, type LabApi, type MeshInfo, type ServiceControl } from './api.ts';
import { CONTROL_FILE } from './client.ts';
import { readChange, readLabCall, readPlan, readSignal } from './requests.ts';

export interface ControlOptions {
	/** Readable by the owner alone; holds the key. */
	readonly directory: string;
	readonly info: MeshInfo;
	readonly workers: Workers;
	/** Absent where only nodes and attackers run. */
	readonly control?: ServiceControl;
	/** Runs one operation of the control API; absent where the caller runs it itself. The signal ends it. */
	readonly lab?: <T>(operation: (api: LabApi) => Promise<T>, signal: AbortSignal) => Promise<T>;
}

const KEY_BYTES = 32;

/** The comparison reveals at most the length of the key, which is public. */
const isKey = (key: string, header = ''): boolean => {
	const given = Buffer.from(header);
	const wanted = Buffer.from(`Bearer ${key}`);
	return given.length === wanted.length && timingSafeEqual(given, wanted);
};

/** An unforeseen failure is answered with its text, because only the owner reads it and there is no log. */
const onError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
	const { code, details } = isOfBodyParser(error)
		? new KubejoinError('LAB_REQUEST_INVALID', { problem: `the request cannot be read: ${error.message}` })
		: error instanceof KubejoinError
			? error
			: new KubejoinError('SERVICE_FAILED', {
					service: 'the lab',
					problem: `failed unexpectedly: ${causeText(error)}`,
				});
	response.status(400).json({ code, details });
};
/** @source http-errors, as express.json throws them */
const isOfBodyParser = (error: unknown): error is Error =>
	error instanceof Error && 'expose' in error && error.expose === true;

/**
 * Serve, and write the address and the key into the directory.
 *
 * @returns stops the server and every worker @throws FILE_UNUSABLE
 */
export async function serveControl(options: ControlOptions): Promise<{ stop: () => Promise<void> }> {
	const { directory, workers, control, lab } = options;
	const key = randomBytes(KEY_BYTES).toString('base64url');
	const app = express().disable('x-powered-by').disable('etag');
	app.use((request, response, next) => {
		if (isKey(key, request.headers.authorization)) next();
		else response.status(401).json({ code: 'API_UNAUTHORIZED', details: {} });
	});
	app.use(express.json({ limit: limits.labRequestBytes.value }));
	addMesh(app, options);
	addWorkers(app, workers);
	if (control !== undefined) addServices(app, control);
	if (lab !== undefined) addLab(app, lab);
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

const addMesh = (app: Express, { info, control }: ControlOptions): void =>
	void app.get('/mesh', (_, response) => {
		const nodes = control?.nodes();
		response.json({ ...info, nodes, observerUrl: control?.observerUrl, logs: control?.logs, pki: control?.pki });
	});

function addWorkers(app: Express, workers: Workers): void {
	app.get('/workers', (_, response) => void response.json(workers.all()));
	app.post('/workers', (request, response) => {
		workers.start(readPlan(request.body));
		response.json({});
	});
	app.get('/workers/:name', (request, response) => void response.json(workers.state(request.params.name)));
	app.post('/workers/:name/restart', (request, response) => {
		workers.restart(request.params.name);
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
}

function addServices(app: Express, control: ServiceControl): void {
	app.get('/services', (_, response) => void response.json(control.services()));
	app.post('/services/:name/change', async (request, response) => {
		await control.change(request.params.name, readChange(request.body));
		response.json({});
	});
	for (const action of ['kill', 'start', 'pause', 'resume'] as const) {
		app.post(`/services/:name/${action}`, async (request: Request<{ name: string }>, response: Response) => {
			await control[action](request.params.name);
			response.json({});
		});
	}
	app.post('/restore', async (_, response) => void response.json(await control.restore()));
}

function addLab(app: Express, lab: NonNullable<ControlOptions['lab']>): void {
	app.post('/lab', async (request, response) => {
		const call = readLabCall(request.body);
		const caller = new AbortController();
		response.once('close', () => caller.abort());
		response.json((await lab((api) => answerLabCall(api, call), caller.signal)) ?? null);
	});
}
