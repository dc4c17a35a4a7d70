import theme from 'vitepress/theme';
import './indented-code.css';

export default theme;
