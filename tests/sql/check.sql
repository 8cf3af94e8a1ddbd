-- Numbers that citizens and companies have: which are possible and which are not.
begin;
\ir lib/setup.sql
select plan(54);

select is(t.try(format('select rule.check_nik(%L, %L, %L, %L)', nik, 'nik', birth::date, gender)), expected, format('NIK %s (%s): %s', nik, why, expected))
  from (values
  ('1872011708800001', null, null, 'ok', 'a man born on 17 August 1980'),
  ('1872015708800001', null, null, 'ok', 'a woman born that day'),
  ('1872015708800001', '1980-08-17', 'f', 'ok', 'with her birth date'),
  ('1872011708800001', '1980-08-17', 'm', 'ok', 'with his'),
  ('1872012902000001', null, null, 'ok', '29 February 2000'),
  ('1872012902960001', '1996-02-29', null, 'ok', '29 February 1996'),
  ('1872017112990001', null, null, 'ok', 'a woman of 31 December'),
  ('1872011708050001', '2005-08-17', null, 'ok', 'this century'),
  ('1872011708050001', '1905-08-17', null, 'ok', 'the last one'),
  ('187201170880000', null, null, 'LK007 nik', '15 digits'),
  ('18720117088000011', null, null, 'LK007 nik', '17 digits'),
  ('18720117088O0001', null, null, 'LK007 nik', 'a letter'),
  (' 187201170880001', null, null, 'LK007 nik', 'a space'),
  ('', null, null, 'LK007 nik', 'nothing'),
  ('0072011708800001', null, null, 'LK007 nik', 'no such province'),
  ('1800011708800001', null, null, 'LK007 nik', 'no regency'),
  ('1872001708800001', null, null, 'LK007 nik', 'no district'),
  ('1872010008800001', null, null, 'LK007 nik', 'day 0'),
  ('1872013208800001', null, null, 'LK007 nik', 'day 32'),
  ('1872014008800001', null, null, 'LK007 nik', 'day 40'),
  ('1872017208800001', null, null, 'LK007 nik', 'day 72'),
  ('1872011700800001', null, null, 'LK007 nik', 'month 0'),
  ('1872011713800001', null, null, 'LK007 nik', 'month 13'),
  ('1872013104800001', null, null, 'LK007 nik', '31 April'),
  ('1872013002800001', null, null, 'LK007 nik', '30 February'),
  ('1872012902810001', null, null, 'LK007 nik', '29 February of 81'),
  ('1872017104800001', null, null, 'LK007 nik', 'a woman of 31 April'),
  ('1872011708800000', null, null, 'LK007 nik', 'serial 0000'),
  ('1872011708800001', '1980-08-18', null, 'LK007 nik', 'another birth date'),
  ('1872011708800001', null, 'f', 'LK007 nik', 'another sex'),
  ('1872015708800001', null, 'm', 'LK007 nik', 'another sex')) v(nik, birth, gender, expected, why);

select is(t.try(format('select rule.check_npwp(%L, %L)', npwp, 'npwp')), expected, format('NPWP %s (%s): %s', npwp, why, expected)) from (values
  ('013000009000000', 'LK007 npwp', 'a wrong check digit'),
  ('010000008000000', 'ok', '15 digits'),
  ('01.000.000.8-000.000', 'ok', 'as it is written'),
  ('0010000008000000', 'ok', '16: a zero and the 15'),
  ('1872011708800001', 'ok', '16: a NIK'),
  ('01000000800000', 'LK007 npwp', '14 digits'),
  ('01000000800000000', 'LK007 npwp', '17 digits'),
  ('01000000800000X', 'LK007 npwp', 'a letter'),
  ('000000000000000', 'LK007 npwp', 'zeros'),
  ('', 'LK007 npwp', 'nothing')) v(npwp, expected, why);
select is(rule.check_npwp('01.000.000.8-000.000', 'npwp'), '010000008000000', 'an NPWP is kept as digits');

select is(t.try(format('select rule.check_nib(%L, %L)', nib, 'nib')), expected, format('NIB %s: %s', nib, expected)) from (values
  ('1234567890123', 'ok'), ('123456789012', 'LK007 nib'), ('12345678901234', 'LK007 nib'), ('123456789012X', 'LK007 nib')) v(nib, expected);

select is(t.try(format('select rule.check_value(%L, %L, null, 100, %L)', value, type, 'f')), expected, format('%s "%s": %s', type, value, expected)) from (values
  ('Rp 1.500.000', 'money', 'ok'), ('1,5', 'money', 'LK007 f'), ('-1', 'number', 'LK007 f'), ('34111', 'postcode', 'ok'), ('3411', 'postcode', 'LK007 f'),
  ('+62 812-3456', 'phone', 'ok'), ('a@b', 'email', 'LK007 f')) v(value, type, expected);
select is(rule.mask('1872011708800001'), '1872********0001', 'a number is masked in the middle');
select * from finish();
rollback;
