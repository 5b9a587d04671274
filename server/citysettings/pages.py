"""The settings: everything the city decides, for staff to read and for admins to change."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.citysettings.actions import BadRules, save_group, version_of
from server.citysettings.fields import RuleField, rule_field, said
from server.citysettings.forms import SettingsForm, group_form, show_problems, values_of
from server.citysettings.queries import SettingsView, load_rules, settings_view
from server.citysettings.registry import GROUPS, CityRules, Group
from server.errors import Conflict, NotFound
from server.http.forms import read_form
from server.http.i18n import gettext as _
from server.http.render import go, render, url_for
from server.http.uow import unit_of_work


async def staff_settings(request: Request) -> Response:
    """All rules with their values; what the city changed is marked, with the default beside."""
    async with unit_of_work(request) as db:
        view = await settings_view(db)
    lines = {group.slug: [_line(view, key) for key in group.rules] for group in GROUPS}
    own = sum(line["own"] for some in lines.values() for line in some)
    context = {"groups": GROUPS, "lines": lines, "view": view, "changed": own}
    return render(request, "settings/index.html", context)


def _line(view: SettingsView, key: str) -> dict[str, Any]:
    field = rule_field(key)
    value, default = getattr(view.rules, key), field.default
    return {
        "field": field, "said": said(field, value), "default": said(field, default),
        "own": value != default, "change": view.changes.get(key),
    }  # fmt: skip


async def staff_settings_group(request: Request) -> Response:
    """Change the rules of one group."""
    group = next((g for g in GROUPS if g.slug == request.path_params["group"]), None)
    if group is None:
        raise NotFound(_("この設定はありません。"))
    if request.method == "POST":
        return await _save(request, group)
    async with unit_of_work(request) as db:
        rules = await load_rules(db)
    return _show(request, group, rules, group_form(group, rules, None, version_of(group, rules)))


async def _save(request: Request, group: Group) -> Response:
    data = await read_form(request)
    async with unit_of_work(request) as db:
        rules = await load_rules(db)
        form = group_form(group, rules, data)
        try:
            if not form.validate():
                return _show(request, group, rules, form, 422)
            values, version = values_of(group, form), str(form.version.data or "")
            await save_group(db, request.state["actor"], group, values, version)
        except BadRules as bad:
            show_problems(form, bad.problems)
            return _show(request, group, rules, form, 422)
        except Conflict as clash:
            form.version.data = version_of(group, rules)
            form.form_errors.append(clash.message)
            return _show(request, group, rules, form, 409)
    request.state["city_cache"].forget()
    return go(request, f"{url_for(request, 'staff_settings')}#{group.slug}", "settings.saved")


def _show(
    request: Request, group: Group, rules: CityRules, form: SettingsForm, status: int = 200
) -> Response:
    fields: list[RuleField] = [rule_field(key) for key in group.rules]
    defaults = {f.key: said(f, f.default) for f in fields}
    context = {
        "group": group, "form": form, "fields": fields, "rules": dict(rules), "defaults": defaults,
    }  # fmt: skip
    return render(request, "settings/group.html", context, block="form", status=status)
