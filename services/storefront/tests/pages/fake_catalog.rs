//! A catalogue of two departments that can be told to fail: no service may depend on another's crate, so the storefront's
//! tests bring the other end of the protocol with them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

use crate::fake_shop::{BLUE, RAKE, RED};

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    Fails,
    Hangs,
    /// Answers 200 with something that is not what was agreed.
    Babbles,
    /// Answers, but for this path.
    FailsAt(&'static str),
}

/// What it was asked: path with query, and the request id that came along.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) request_id: Option<String>,
}

#[derive(Debug)]
struct Shared {
    mood: Mutex<Mood>,
    asked: Mutex<Vec<Asked>>,
}

/// Ends with its last handle.
pub(crate) struct FakeCatalog {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

impl FakeCatalog {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared {
            mood: Mutex::new(Mood::Answers),
            asked: Mutex::default(),
        });
        let router = Router::new()
            .route("/livez", get(|| async { StatusCode::OK }))
            .route("/api/categories", get(categories))
            .route("/api/products", get(list))
            .route("/api/search", get(search))
            .route("/api/products/{slug}", get(product))
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), behave))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            shared,
            _server: server,
        }
    }

    pub(crate) fn becomes(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How often it was asked for something that begins like this.
    pub(crate) fn times_asked(&self, beginning: &str) -> usize {
        self.asked()
            .iter()
            .filter(|asked| asked.target.starts_with(beginning))
            .count()
    }

    /// The first question that begins like this.
    pub(crate) fn first_asked(&self, beginning: &str) -> Option<String> {
        self.asked()
            .into_iter()
            .map(|asked| asked.target)
            .find(|target| target.starts_with(beginning))
    }
}

async fn behave(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let header = request
        .headers()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok());
    let asked = Asked {
        target: request.uri().to_string(),
        request_id: header.map(str::to_owned),
    };
    shared.asked.lock().unwrap().push(asked);
    let mood = *shared.mood.lock().unwrap();
    match mood {
        Mood::FailsAt(path) if request.uri().path() == path => {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Mood::Answers | Mood::FailsAt(_) => next.run(request).await,
        Mood::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Babbles => Json(json!({"unexpected": true})).into_response(),
        Mood::Hangs => std::future::pending().await,
    }
}

const DEPARTMENTS: [(&str, &str); 2] = [("coffee", "Coffee & tea"), ("garden", "Garden")];

fn image(slug: &str) -> Value {
    json!({
        "small": format!("/images/{slug}-320.webp"), "medium": format!("/images/{slug}-640.webp"),
        "large": format!("/images/{slug}-1280.webp"), "alt": format!("A drawing of {slug}"), "width": 1280, "height": 1280,
    })
}

fn price(minor: u32) -> Value {
    json!({"amount": format!("{}.{:02}", minor / 100, minor % 100), "currency": "EUR"})
}

/// `pot-0` to `pot-29` are coffee pots, red and blue in turn, each a euro dearer than the one before; `rake` is alone.
fn products() -> Vec<Value> {
    let item = |slug: String,
                name: String,
                minor: u32,
                colour: &str,
                (category, category_name): (&str, &str)| {
        json!({
            "id": Uuid::new_v5(&Uuid::NAMESPACE_DNS, slug.as_bytes()), "slug": slug, "name": name, "summary": "Pours <well> & keeps warm", "price": price(minor),
            "category": {"slug": category, "name": category_name}, "images": [image(&slug)], "colour": colour,
        })
    };
    let pot = |index: u32| {
        let colour = if index.is_multiple_of(2) {
            "Red"
        } else {
            "Blue"
        };
        item(
            format!("pot-{index}"),
            format!("Pot №{index}"),
            1000 + 100 * index,
            colour,
            DEPARTMENTS[0],
        )
    };
    let mut rake = item(
        "rake".to_owned(),
        "Rake".to_owned(),
        129_900,
        "Green",
        DEPARTMENTS[1],
    );
    rake["images"] = json!([]);
    (0..30).map(pot).chain([rake]).collect()
}

async fn categories() -> Json<Value> {
    let category = |(slug, name): (&str, &str)| {
        let count = products()
            .iter()
            .filter(|product| product["category"]["slug"] == slug)
            .count();
        json!({"slug": slug, "name": name, "description": format!("All about {slug}."), "productCount": count, "image": image(slug),
            "attributes": [{"key": "material", "label": "Made of", "facet": true}, {"key": "colour", "label": "Colour", "facet": true}]})
    };
    Json(json!({"items": DEPARTMENTS.map(category)}))
}

fn refused(field: &str, message: &str) -> Response {
    let problem = json!({
        "type": "/problems/invalid-request", "status": 400, "title": "The request is not valid",
        "errors": [{"field": field, "message": message}],
    });
    (StatusCode::BAD_REQUEST, Json(problem)).into_response()
}

async fn list(RawQuery(query): RawQuery) -> Response {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(&query.unwrap_or_default()).unwrap();
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let euros = |name: &str| value(name).map(|text| text.parse::<f64>().unwrap());
    if value("sort").is_some_and(|sort| {
        !["featured", "newest", "price", "-price", "name", "relevance"].contains(&sort)
    }) {
        return refused(
            "sort",
            "expected featured, newest, price, -price, name or relevance",
        );
    }
    let Ok(start) = value("after").unwrap_or("0").parse::<usize>() else {
        return refused("after", "is not a cursor");
    };
    let found: Vec<Value> = products()
        .into_iter()
        .filter(|product| {
            value("category").is_none_or(|category| product["category"]["slug"] == category)
        })
        .filter(|product| {
            let name = product["name"].as_str().unwrap().to_lowercase();
            value("q").is_none_or(|words| name.contains(&words.to_lowercase()))
        })
        .filter(|product| {
            let price: f64 = product["price"]["amount"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap();
            euros("minPrice").is_none_or(|min| price >= min)
                && euros("maxPrice").is_none_or(|max| price <= max)
        })
        .filter(|product| {
            let colours: Vec<_> = pairs
                .iter()
                .filter(|(key, _)| key == "attr.colour")
                .map(|(_, colour)| colour)
                .collect();
            colours.is_empty() || colours.iter().any(|colour| product["colour"] == **colour)
        })
        .collect();
    let limit: usize = value("limit").unwrap_or("24").parse().unwrap();
    let items: Vec<_> = found.iter().skip(start).take(limit).cloned().collect();
    let next = (start + limit < found.len()).then(|| (start + limit).to_string());
    Json(json!({"items": items, "totalCount": found.len(), "next": next})).into_response()
}

async fn body(answer: Response) -> Value {
    serde_json::from_slice(
        &axum::body::to_bytes(answer.into_body(), usize::MAX)
            .await
            .unwrap(),
    )
    .unwrap()
}

/// The list, with facets of what was found, and another word when nothing was. `pott` is forgiven.
async fn search(RawQuery(query): RawQuery) -> Response {
    let given = query.unwrap_or_default();
    let query = given.replace("q=pott", "q=pot");
    let answer = list(RawQuery(Some(query.clone()))).await;
    if answer.status() != StatusCode::OK {
        return answer;
    }
    let mut page = body(answer).await;
    let nothing = page["totalCount"] == 0;
    let everything = body(
        list(RawQuery(Some(
            format!("limit=1000&{query}").replace("after=", "before="),
        )))
        .await,
    )
    .await;
    let count = |slug: &str| {
        everything["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["category"]["slug"] == slug)
            .count()
    };
    let counts =
        DEPARTMENTS.map(|(slug, name)| json!({"slug": slug, "name": name, "count": count(slug)}));
    let held = |colour: &str| {
        everything["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["colour"] == colour)
            .count()
    };
    let colours =
        ["Red", "Blue", "Green"].map(|colour| json!({"value": colour, "count": held(colour)}));
    let colours: Vec<_> = colours
        .into_iter()
        .filter(|colour| colour["count"] != 0)
        .collect();
    let colour = json!({"key": "colour", "label": "Colour", "values": colours});
    let glazes: Vec<_> = (0..12)
        .map(|index| json!({"value": format!("G{index}"), "count": 1}))
        .collect();
    let glaze = json!({"key": "glaze", "label": "Glaze", "values": glazes});
    let origin =
        json!({"key": "origin", "label": "Made in", "values": [{"value": "Italy", "count": 31}]});
    page["categories"] = counts
        .into_iter()
        .filter(|category| category["count"] != 0)
        .collect();
    page["priceRange"] = if nothing {
        Value::Null
    } else {
        json!({"min": price(1000), "max": price(129_900)})
    };
    page["facets"] = if nothing {
        json!([])
    } else {
        json!([colour, glaze, origin])
    };
    page["suggestions"] = if nothing { json!(["pot"]) } else { json!([]) };
    page["approximate"] = json!(given != query);
    Json(page).into_response()
}

async fn product(Path(slug): Path<String>) -> Response {
    let Some(mut product) = products()
        .into_iter()
        .find(|product| product["slug"] == slug)
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    product["description"] = json!("It pours.\n\nIt keeps <warm>.");
    product["attributes"] = json!({"material": "Steel", "colour": "Any"});
    let variant = |id: &str, sku: &str, name: &str, minor: u32| json!({"id": id, "sku": sku, "name": name, "price": price(minor), "options": {"colour": name}, "images": []});
    product["variants"] = if slug == "rake" {
        json!([variant(RAKE, "RAKE", "The rake", 129_900)])
    } else {
        json!([
            variant(RED, "POT-R", "Matt red", 1000),
            variant(BLUE, "POT-B", "Sea blue", 1250)
        ])
    };
    Json(product).into_response()
}
