// The many files of Korean letters: only rules, each file is fetched when one of its letters is shown.
import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css?part=rest';
