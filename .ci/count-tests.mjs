// Counts the tests of a report by vitest: prints "<passed> <failed>". A file that could not be loaded, a run without any test,
// a run without a report and a run that failed although every test passed are one failure each.
import { existsSync, readFileSync } from 'node:fs';

const [reportPath, status] = process.argv.slice(2);
const { testResults } = existsSync(reportPath)
  ? JSON.parse(readFileSync(reportPath, 'utf8'))
  : { testResults: [] };
const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
const count = (wanted) => tests.filter((test) => test.status === wanted).length;
const brokenFileCount = testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length;

const passed = count('passed');
const failed = count('failed') + brokenFileCount;
const isUnexplained = failed === 0 && (passed === 0 || status !== '0');
process.stdout.write(`${passed} ${isUnexplained ? 1 : failed}\n`);
