/** The steady state of the mesh: its services, its nodes, and every verdict that the experiment expects. */
import type { Driver } from '../drivers/driver.ts';
import { EXIT_MISMATCH, type Result } from '../result.ts';

/** @returns a first line that begins with `steady` or `not steady`, and the verdicts */
export async function steady(driver: Driver, withinSeconds: number): Promise<Result> {
	const states = await driver.services();
	const faulty = states.flatMap(({ name, state, isChanged }) =>
		state === 'running' && !isChanged ? [] : [`${name} is ${isChanged ? 'changed' : state}`],
	);
	if (faulty.length > 0)
		return notSteady(faulty, [
			`availability: violated: ${faulty.join(', ')}. Restore the services with "bin/lab reset"`,
		]);
	const { lines, problems } = await driver.lab.judgeExpectations(withinSeconds);
	if (problems.length > 0) return notSteady(problems, lines);
	return { code: 0, stdout: [`steady: ${states.length} services run`, ...lines, ''].join('\n'), stderr: '' };
}

const notSteady = (problems: readonly string[], lines: readonly string[]): Result => ({
	code: EXIT_MISMATCH,
	stdout: [`not steady: ${problems.join('; ')}`, ...lines, ''].join('\n'),
	stderr: '',
});
