-- What the stages' steps share: taking the work that a step is part of, the system as an actor, and the levy.

-- The version of the permit type that an application started with.
create function rule.version_of(app application.application)
returns catalogue.permit_type_version
language sql stable
as $$
  select x.* from catalogue.permit_type_version x
   where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version;
$$;

-- The system as an actor: the job process, and steps that follow by themselves.
create function rule.system_who(office_id bigint, method text)
returns rule.who
language sql immutable
as $$ select row(office_id, null, 'system', null, method, '{system}', null)::rule.who; $$;

-- The caller's open task at this stage, claimed for them if nobody holds it: who acts on it works on it.
-- HELD, FORBIDDEN, NOT_NOW.
create function rule.take_task(who rule.who, app application.application, stage text)
returns application.task
language plpgsql
as $$
declare
  t application.task := rule.own_task(who, app, stage);
begin
  if t.holder_id is null then
    perform rule.hold_task(who, t, who.user_id, 'claim', null, rule.keep_order(who, t, null));
    t.holder_id := who.user_id;
  end if;
  return t;
end
$$;

-- The lines of the levy: each item at the price of that day, times the product of its form fields. Staff type none of it.
create function rule.levy_lines(app application.application)
returns setof application.bill_line
language plpgsql stable
as $$
declare
  item catalogue.levy_item;
  part record;
  quantity numeric;
  line application.bill_line;
  today date := rule.office_date(app.office_id);
begin
  line.office_id := app.office_id;
  line.application_id := app.application_id;
  line.position := 0;
  for item in
    select distinct on (x.position, x.code) x.*
      from catalogue.levy_item x
     where x.office_id = app.office_id and x.permit_type_id = app.permit_type_id and x.version = app.permit_version
       and x.valid_from <= today
       and (x.when_field is null
            or exists (select from application.field_value f
                        where f.office_id = app.office_id and f.application_id = app.application_id
                          and f.code = x.when_field and f.value = x.when_value))
     order by x.position, x.code, x.valid_from desc
  loop
    quantity := 1;
    line.arithmetic := null;
    for part in
      select f.label, case when v.value ~ '^[0-9]+([.][0-9]+)?$' then v.value::numeric else 0 end as amount
        from unnest(item.quantity_fields) with ordinality q(code, place)
        left join catalogue.form_field f
          on f.office_id = app.office_id and f.permit_type_id = app.permit_type_id and f.version = app.permit_version
         and f.code = q.code
        left join application.field_value v
          on v.office_id = app.office_id and v.application_id = app.application_id and v.code = q.code
       order by q.place
    loop
      quantity := quantity * part.amount;
      line.arithmetic := concat_ws(' × ', line.arithmetic, concat_ws(' ', trim_scale(part.amount), part.label));
    end loop;
    line.amount := round(item.price * quantity);
    continue when line.amount = 0;
    line.position := line.position + 1;
    line.item := item.name;
    line.legal_basis := item.legal_basis;
    line.price := item.price;
    line.arithmetic := coalesce(line.arithmetic, '1');
    return next line;
  end loop;
end
$$;

create function rule.levy_amount(app application.application)
returns bigint
language sql stable
as $$
  select coalesce(sum(l.amount), 0)::bigint
    from catalogue.permit_type_version v
   cross join lateral rule.levy_lines(app) l
   where v.office_id = app.office_id and v.permit_type_id = app.permit_type_id and v.version = app.permit_version and v.levy;
$$;
