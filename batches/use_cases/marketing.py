"""Marketing: one job for each person and company, with what is offered to them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.imports.columns import Column
from batches.imports.normalizers import spoken
from batches.use_cases.base import Context, Option, Row, UseCase, spoken_day
from batches.use_cases.people import (
    CALLABLE,
    CHECK_DIGIT,
    COMPANY,
    DOCUMENT,
    NAME,
    PHONES,
    PLACES,
    needed,
)

_NAME = replace(
    needed(NAME, "name_missing"),
    headers=(*NAME.headers, "Cliente"),
    english=(*NAME.english, "Customer", "Client"),
)
COLUMNS = (
    _NAME,
    DOCUMENT,
    CHECK_DIGIT,
    *PHONES,
    COMPANY,
    Column(
        "offer",
        "message",
        ("Oferta", "Descripción oferta", "Descripción de la oferta", "Promoción"),
        english=("Offer", "Offer description", "Promotion"),
        stops_row=True,
        help=_("What is offered, as the agent says it. Empty: the option of the file."),
        example="Envío gratis en su próxima compra",
    ),
    Column(
        "discount",
        "percent",
        ("Descuento", "% descuento", "Porcentaje descuento", "Descuento porcentaje"),
        english=("Discount", "Discount percentage"),
        stops_row=True,
        help=_("Percent off, from 0 to 100."),
        example="15%",
    ),
    Column(
        "offer_value",
        "amount",
        ("Valor oferta", "Precio oferta", "Precio"),
        english=("Offer price", "Price"),
        stops_row=True,
        help=_("What the offer costs."),
        example=19990,
    ),
    Column(
        "offer_expires",
        "date",
        ("Vencimiento oferta", "Oferta expira", "Válida hasta", "Vigencia"),
        english=("Offer expires", "Valid until"),
        stops_row=True,
        help=_("The last day of the offer; after it nobody is called about it."),
    ),
    Column(
        "category",
        "text",
        ("Categoría", "Categoría producto", "Producto"),
        english=("Category", "Product category", "Product"),
        example="Hogar",
    ),
    Column("segment", "text", ("Segmento", "Segmento cliente"), english=("Segment",)),
    *PLACES,
)


class Marketing(UseCase):
    """An offer to clients of a company."""

    name = "marketing"
    label = _("Marketing")
    columns = COLUMNS
    needed = (("name",), CALLABLE)
    options = (
        Option("company", _("Company")),
        Option("offer", _("Offer")),
        Option("discount", _("Discount"), "percent"),
        Option("category", _("Product category")),
        Option("segment", _("Segment")),
        Option("call_to_action", _("What the person is asked to do")),
    )

    def problem_of(self, values: Any, context: Context) -> tuple[str, str] | None:
        if not (values.offer or context.options.get("offer")):
            return "offer", "offer_missing"
        if values.offer_expires and values.offer_expires < context.today:
            return "offer_expires", "date_past"
        return None

    def limit_date(self, values: Any, context: Context) -> date | None:
        return values.offer_expires

    def variables(
        self, rows: Sequence[Row], values: Any, context: Context
    ) -> Mapping[str, str]:
        options = context.options
        discount = values.discount
        if discount is None:
            discount = options.get("discount")
        price = values.offer_value
        return {
            "tipo_llamada": "marketing",
            "tipo_campana": "promocional",
            "descripcion_oferta": values.offer or options.get("offer", ""),
            "descuento_porcentaje": spoken.percent(discount) if discount else "",
            "valor_oferta": spoken.money(price, context.country) if price else "",
            "oferta_expira": spoken_day(values.offer_expires),
            "categoria_producto": values.category or options.get("category", ""),
            "segmento_cliente": values.segment or options.get("segment", ""),
            "llamada_accion": options.get("call_to_action", ""),
        }
