/** The main process of the lab container: runs nodes and attackers of experiments. It cannot control services. */
import '../../../../lib/require-node.ts';
import { createSocket } from 'node:dgram';
import { environment } from '../../../../lib/config.ts';
import { maskTokens } from '../../../../lib/log.ts';
import { sayUnforeseen, surviveUnforeseen } from '../../../../lib/rpc/unforeseen.ts';
import { tracesKeyPath } from '../../../../lib/traces-key.ts';
import { openContext } from '../../context.ts';
import { serveControl } from '../../control/server.ts';
import { createLabApi } from '../../lab-api.ts';
import { runCommand } from '../../run.ts';
import { createWorkers } from '../../workers.ts';

const DIRECTORY = '/lab';
const API_SERVER = 'apiserver-sim';
const API_SERVER_PORT = 6443;

/**
 * The address of this container in the network of the API server, whose certificate does not have it. A UDP connect
 * sends nothing.
 */
const unnamedAddress = (): Promise<string> =>
	new Promise((resolve, reject) => {
		const socket = createSocket('udp4');
		socket.once('error', reject);
		socket.connect(API_SERVER_PORT, API_SERVER, () => {
			const { address } = socket.address();
			socket.close(() => resolve(address));
		});
	});

const { OTEL_EXPORTER_OTLP_ENDPOINT: traces } = environment();
const control = await serveControl({
	directory: DIRECTORY,
	info: {
		endpoint: `${API_SERVER}:${API_SERVER_PORT}`,
		kubeconfig: '/pki/admin.conf',
		clusterCa: '/pki/ca.crt',
		addresses: {
			'ca-service': 'ca-service:6444',
			'token-store': 'token-store:6445',
			'apiserver-sim': `${API_SERVER}:${API_SERVER_PORT}`,
		},
		// The nodes of experiments run in this container, and the certificate of the API server has this address.
		ownAddress: '127.0.0.1',
		unnamedAddress: await unnamedAddress(),
	},
	async lab(operation, signal) {
		// A context of its own for each call: its connection does not wait for the backoff of an earlier failure.
		const context = await openContext(DIRECTORY, signal);
		try {
			return await operation(createLabApi(context, runCommand));
		} finally {
			context.close();
		}
	},
	workers: createWorkers(`${DIRECTORY}/workers`, {
		telemetry: traces === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: traces },
		settingsOf: (program) => ({ TRACES_KEY_FILE: `/keys/${tracesKeyPath(program)}` }),
	}),
});
surviveUnforeseen(sayUnforeseen((sentence) => void process.stderr.write(maskTokens(`${sentence}\n`))));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void control.stop());
