-- What "the products that match" means, once, for the list, its count and its facets.
--
-- A function with one plain SELECT is expanded into the statement that calls it, and the service has every statement
-- planned with its values at hand (plan_cache_mode = force_custom_plan). So a condition whose parameter is null is gone
-- before the planner looks for an index: each combination of filters is planned as though it had been written by hand.
create function matching_products(
  wanted_category   uuid,
  wanted_vendor     uuid,
  -- Bounds in minor units of one currency; products priced in another one do not match a bounded search.
  price_currency    text,
  min_minor         bigint,
  max_minor         bigint,
  -- A predicate over products.facets, made by domain/attribute_filter.rs.
  attribute_filter  jsonpath,
  words             text,
  -- Whether names that are nearly `words` match, instead of texts that contain them.
  fuzzy             boolean
) returns setof products
language sql stable parallel safe
as $$
  select p.*
  from products p
  where p.status = 'active'
    and (wanted_category is null or p.category_id = wanted_category)
    and (wanted_vendor is null or p.vendor_id = wanted_vendor)
    and (min_minor is null or (p.price_minor >= min_minor and p.currency = price_currency))
    and (max_minor is null or (p.price_minor <= max_minor and p.currency = price_currency))
    and (attribute_filter is null or p.facets @@ attribute_filter)
    and (words is null or case
      when fuzzy then words <% p.name
      else p.search @@ (websearch_to_tsquery('english', words) || websearch_to_tsquery('simple', words))
    end)
$$;
