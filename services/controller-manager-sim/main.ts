/** Starts controller-manager-sim and stops it. */
import '../../lib/require-node.ts';
import { systemClock } from '../../lib/clock.ts';
import { clusterCaOf, openApiChannel } from '../../lib/kube/api-channel.ts';
import { apiClientWithoutManagedFields } from '../../lib/kube/client.ts';
import { kubernetesVersion } from '../../lib/kube/version.ts';
import { workQueueMetrics } from '../../lib/kube/work-queue-metrics.ts';
import { openChannel } from '../../lib/rpc/channel.ts';
import { runService } from '../../lib/rpc/run.ts';
import { createStopping } from '../../lib/stopping.ts';
import { caClient, tokenStoreClient } from './clients.ts';
import { settings } from './config.ts';
import { readyChecks } from './health.ts';
import { startControllers } from './start.ts';

/** As upstream's --node-startup-grace-period. */
const STARTUP_GRACE_MS = 60_000;

await runService('controller-manager-sim', settings, async (config, log, registry) => {
	const meshTls = { ca: config.meshCa, cert: config.certificate, key: config.key };
	const api = openApiChannel(config.kubeconfig, `kube-controller-manager/${kubernetesVersion.gitVersion}`);
	const ca = openChannel(config.caService, meshTls);
	const tokenStore = openChannel(config.tokenStore, meshTls);
	const stopping = createStopping();
	// @source cmd/kube-controller-manager/app/controllermanager.go: informers trim managedFields
	const controllers = startControllers({
		api: apiClientWithoutManagedFields(api),
		ca: caClient(ca, stopping.signal),
		clusterCa: clusterCaOf(config.kubeconfig),
		tokenStore: tokenStoreClient(tokenStore, stopping.signal),
		grace: { monitorMs: config.nodeMonitorGraceSeconds * 1000, startupMs: STARTUP_GRACE_MS },
		clock: systemClock,
		log,
		observeQueue: workQueueMetrics(registry, () => performance.now()),
		signal: stopping.signal,
	});
	log.info({ api: api.target, caService: ca.target, tokenStore: tokenStore.target }, 'started the controllers');
	return {
		ready: readyChecks(controllers.caches),
		async stop() {
			stopping.abort();
			await controllers.stopped();
			for (const channel of [api, ca, tokenStore]) channel.close();
		},
	};
});
