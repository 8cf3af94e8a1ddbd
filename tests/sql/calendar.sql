-- Working days: weekends, holidays, the turn of the year; and a clock that stands still while the applicant acts.
begin;
\ir lib/setup.sql
select plan(26);

insert into catalogue.holiday (office_id, day, name) values
  (t.office(), '2026-12-24', 'Cuti bersama'), (t.office(), '2026-12-25', 'Natal'), (t.office(), '2027-01-01', 'Tahun Baru');
select rule.calendar_build(t.office()) \g /dev/null
select is(rule.add_working_days(t.office(), day, n), expected, format('%s and %s working days', day, n)) from (values
  (date '2026-11-23', 1, date '2026-11-24'), ('2026-11-23', 4, '2026-11-27'), ('2026-11-23', 5, '2026-11-30'), ('2026-11-27', 1, '2026-11-30'),
  ('2026-11-28', 1, '2026-11-30'), ('2026-11-29', 1, '2026-11-30'), ('2026-12-23', 1, '2026-12-28'), ('2026-12-24', 1, '2026-12-28'),
  ('2026-12-31', 1, '2027-01-04'), ('2026-12-30', 3, '2027-01-05'), ('2026-11-23', 0, '2026-11-23')) v(day, n, expected);
select is(rule.working_days_between(t.office(), a, b), n, format('from %s to %s', a, b)) from (values
  (date '2026-11-23', date '2026-11-23', 0), ('2026-11-23', '2026-11-30', 5), ('2026-11-30', '2026-11-23', -5), ('2026-11-27', '2026-11-29', 0),
  ('2026-12-23', '2026-12-28', 1), ('2026-12-31', '2027-01-04', 1)) v(a, b, n);
select is(rule.working_minutes(t.office(), a::timestamp at time zone 'Asia/Jakarta', b::timestamp at time zone 'Asia/Jakarta'), n, format('minutes from %s to %s', a, b)) from (values
  ('2026-11-23 09:00', '2026-11-23 10:30', 90), ('2026-11-23 06:00', '2026-11-23 08:10', 10), ('2026-11-23 15:50', '2026-11-24 08:10', 20),
  ('2026-11-27 15:00', '2026-11-30 09:00', 120), ('2026-11-28 09:00', '2026-11-29 12:00', 0)) v(a, b, n);
select is(t.try(format('select rule.add_working_days(%s, %L, 3)', t.office(), '2099-01-01')), 'LK011', 'no promise is made beyond the calendar');

-- the clock: returned five working days ago, the promise moves by five
create table t.app as select t.at('correction') as a;
create table t.promise as select promised_on as before from application.application, t.app where application_id = a;
update application.application set stopped_at = (select d.day + time '09:00' from catalogue.calendar_day d where d.office_id = t.office() and d.working
   and d.ordinal = (select ordinal - 5 from catalogue.calendar_day x where x.office_id = t.office() and x.day = rule.office_date(t.office()))
   order by d.day limit 1) at time zone 'Asia/Jakarta' where application_id = (select a from t.app);
select t.act('fo1', a, 'resubmit') from t.app \g /dev/null
select is((select promised_on from application.application, t.app where application_id = a),
          (select rule.add_working_days(t.office(), before, 5) from t.promise), 'a pause of five working days moves the promise by five');
select is((select due_on from application.task, t.app where application_id = a and closed_at is null),
          (select promised_on from application.application, t.app where application_id = a), 'and the work is due then');
select is((select array_agg(c.reason || coalesce(' ' || (select u.username from identity.user_account u where u.user_id = c.holder_id), '') order by c.custody_id)
             from application.custody c, t.app where c.application_id = a),
          '{waiting,"working an1",applicant,"working fo1",waiting}', 'the control slip tells who had it and for whom it waited');
select * from finish();
rollback;
