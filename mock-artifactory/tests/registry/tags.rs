//! The list of tags, whole and by page.

use serde_json::json;

use crate::server::{ALICE, Answer, Server, basic};

async fn list(server: &Server, query: &str) -> Answer {
    server.get(&format!("/v2/docker-local/hello/tags/list{query}"), &basic(ALICE)).await
}

#[tokio::test]
async fn all_tags_come_in_lexical_order() {
    let answer = list(&Server::new(), "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"name": "hello", "tags": ["1", "10", "2"]}));
    assert_eq!(answer.header("link"), "");
}

#[tokio::test]
async fn a_page_links_to_the_next_until_the_last() {
    let server = Server::new();
    let cases = [
        ("?n=1", json!(["1"]), "last=1&n=1"),
        ("?n=1&last=1", json!(["10"]), "last=10&n=1"),
        ("?n=1&last=10", json!(["2"]), ""),
        ("?n=2", json!(["1", "10"]), "last=10&n=2"),
        ("?n=3", json!(["1", "10", "2"]), ""),
        ("?n=9", json!(["1", "10", "2"]), ""),
        ("?last=11", json!(["2"]), ""),
        ("?last=2", json!([]), ""),
        ("?n=0", json!([]), ""),
    ];
    for (query, tags, next) in cases {
        let answer = list(&server, query).await;
        assert_eq!(answer.json()["tags"], tags, "{query}");
        let path = "/v2/docker-local/hello/tags/list";
        let link = if next.is_empty() { String::new() } else { format!("<{path}?{next}>; rel=\"next\"") };
        assert_eq!(answer.header("link"), link, "{query}");
    }
}

#[tokio::test]
async fn a_page_of_no_number_is_refused() {
    let server = Server::new();
    for query in ["?n=x", "?n=-1", "?n="] {
        let answer = list(&server, query).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "PAGINATION_NUMBER_INVALID"), "{query}");
    }
}
