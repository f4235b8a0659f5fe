// The script of the live page: begins when it is loaded.
import { LivePage } from './live-page.ts';

new LivePage(location).start();
