/** Asks this container's service whether it is ready, for the container's health check: exit code 0 when it is, 1 when not. */
import { commonSettings, environment, ignoreProxies, PREFIX } from '../config.ts';

const { healthPort } = commonSettings;
ignoreProxies();
const port = environment()[PREFIX + healthPort.env] ?? String(healthPort.fallback);
try {
	const response = await fetch(`http://127.0.0.1:${port}/readyz?verbose`, { signal: AbortSignal.timeout(3_000) });
	process.stdout.write(await response.text());
	process.exitCode = response.ok ? 0 : 1;
} catch (error) {
	process.stdout.write(
		`nothing answers on 127.0.0.1:${port}: ${error instanceof Error ? error.message : String(error)}\n`,
	);
	process.exitCode = 1;
}
