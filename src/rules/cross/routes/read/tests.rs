use proptest::prelude::*;

use super::*;

fn read(path: &str, text: &str) -> Vec<String> {
    let found = routes(&RepoPath::new(path).unwrap(), text);
    found
        .list
        .iter()
        .map(|r| format!("{} {} {}", r.line, r.method.as_deref().unwrap_or("*"), r.path))
        .collect()
}

#[test]
fn python_routers_have_prefixes() {
    let fast = "from fastapi import APIRouter, HTTPException\nrouter = APIRouter(prefix=\"/orders\", tags=[])\n\
                @router.get(\"/{order_id}\")\ndef show(order_id: int, full: bool = False, db: Session = Depends(db)):\n    \
                raise HTTPException(status_code=404, detail='x')\n\
                @router.post('', status_code=status.HTTP_201_CREATED)\nasync def make(body: Order, dry: bool):\n    return 1\n\
                app.include_router(router, prefix='/v1')\n";
    assert_eq!(read("api/orders.py", fast), ["3 get /v1/orders/{}", "6 post /v1/orders"]);
    let found = routes(&RepoPath::new("a.py").unwrap(), fast).list;
    assert_eq!(found[0].handler.statuses, [(404, 5)]);
    assert_eq!(found[0].handler.types, [("order_id".to_owned(), Kind::Integer, 4)]);
    assert_eq!(found[0].handler.query, [Query { name: "full".into(), required: false, line: 4 }]);
    assert_eq!(found[1].handler.statuses, [(201, 6)]);
    assert_eq!(found[1].handler.query, [Query { name: "dry".into(), required: true, line: 7 }]);
    let flask = "bp = Blueprint('o', __name__, url_prefix='/orders')\n@bp.route('/<int:id>', methods=['PUT', 'PATCH'])\n\
                 def change(id):\n    if x:\n        abort(409)\n    return jsonify(a), 202\n\
                 app.register_blueprint(bp, url_prefix='/v2/orders')\n@client.get('/remote')\ndef no(): pass\n";
    assert_eq!(read("o.py", flask), ["2 patch /v2/orders/{}", "2 put /v2/orders/{}"]);
    assert_eq!(
        routes(&RepoPath::new("o.py").unwrap(), flask).list[0].handler.statuses,
        [(409, 5), (202, 6)]
    );
}

#[test]
fn django_patterns_are_read_with_their_includes() {
    let text = "urlpatterns = [\n    path('orders/<int:pk>/', views.order),\n    path('admin/', admin.site.urls),\n    \
                re_path(r'^carts/(?P<id>[0-9]+)/items/$', views.items),\n    re_path(r'^x.*$', views.x),\n    \
                path('v1/', include('shop.urls')),\n    path('v2/', include([path('things/', views.things)])),\n]\n";
    assert_eq!(
        read("shop/urls.py", text),
        ["2 * /orders/{}", "4 * /carts/{}/items", "7 * /v2/things"]
    );
}

#[test]
fn spring_classes_have_prefixes_and_clients_are_no_routes() {
    let text = "@RestController\n@RequestMapping(path = \"/api/orders\")\npublic class Orders {\n  @GetMapping(\"/{id}\")\n  \
                Order one(@PathVariable UUID id, @RequestParam(required = false) String view, @RequestParam String lang) { return null; }\n  \
                @PostMapping\n  @ResponseStatus(HttpStatus.CREATED)\n  Order make() { return null; }\n  \
                @RequestMapping(value = {\"/a\", \"/b\"}, method = RequestMethod.PUT)\n  void put() {}\n  \
                @GetMapping(Paths.X)\n  void computed() {}\n}\n\
                @FeignClient(\"x\")\ninterface Remote {\n  @GetMapping(\"/remote\")\n  String get();\n}\n";
    assert_eq!(
        read("Orders.java", text),
        [
            "4 get /api/orders/{}",
            "6 post /api/orders",
            "9 put /api/orders/a",
            "9 put /api/orders/b"
        ]
    );
    let found = routes(&RepoPath::new("Orders.java").unwrap(), text).list;
    assert_eq!(found[0].handler.types, [("id".to_owned(), Kind::Uuid, 5)]);
    let queries: Vec<(&str, bool)> =
        found[0].handler.query.iter().map(|q| (q.name.as_str(), q.required)).collect();
    assert_eq!(queries, [("view", false), ("lang", true)]);
    assert_eq!(found[1].handler.statuses, [(201, 7)]);
}

#[test]
fn javascript_routers_and_controllers() {
    let express = "const orders = express.Router();\norders.get('/:id', (req, res) => {\n  res.status(410).end();\n});\n\
                   orders.route('/:id/notes').get(list).post(auth, add);\napp.use('/api/orders', orders);\n\
                   app.get('trust proxy');\naxios.get('/remote', {});\nclient.post('/remote', body);\n\
                   fastify.route({ method: 'DELETE', url: '/carts/:id', handler });\n";
    assert_eq!(
        read("src/http.js", express),
        [
            "2 get /api/orders/{}",
            "5 get /api/orders/{}/notes",
            "5 post /api/orders/{}/notes",
            "10 delete /carts/{}"
        ]
    );
    assert_eq!(
        routes(&RepoPath::new("a.ts").unwrap(), express).list[0].handler.statuses,
        [(410, 3)]
    );
    let nest = "@ApiTags('x')\n@Controller('orders')\nexport class Orders {\n  constructor(private s: S) {}\n\n  @Get(':id')\n  \
                one(@Param('id', ParseUUIDPipe) id: string) {\n    throw new NotFoundException();\n  }\n\n  @Post()\n  @HttpCode(202)\n  make() {}\n}\n\
                @Controller({ path: 'v', version: '2' })\nexport class V {\n  @Delete('x')\n  no() {}\n}\n";
    assert_eq!(read("o.ts", nest), ["6 get /orders/{}", "11 post /orders", "17 delete /v/x"]);
    let found = routes(&RepoPath::new("o.ts").unwrap(), nest).list;
    assert_eq!(found[0].handler.statuses, [(404, 8)]);
    assert_eq!(found[0].handler.types, [("id".to_owned(), Kind::Uuid, 7)]);
    assert_eq!(found[1].handler.statuses, [(202, 12)]);
}

#[test]
fn go_groups_are_followed() {
    let text = "package a\nfunc routes(r *gin.Engine) {\n\tapi := r.Group(\"/api\")\n\torders := api.Group(\"/orders\")\n\t\
                orders.GET(\"/:id\", show)\n\thttp.Get(\"/remote\")\n\tclient.Post(\"/remote\", body)\n}\n\
                func chi(r chi.Router) {\n\tr.Route(\"/carts\", func(r chi.Router) {\n\t\tr.Post(\"/\", create)\n\t\tr.Group(func(r chi.Router) {\n\t\t\tr.Get(\"/{id}\", one)\n\t\t})\n\t})\n}\n\
                func std(mux *http.ServeMux) {\n\tmux.HandleFunc(\"DELETE /things/{id}\", gone)\n\tmux.HandleFunc(\"/any\", any)\n\trouter.HandleFunc(\"/g\", g).Methods(\"PUT\")\n}\n";
    assert_eq!(
        read("a.go", text),
        [
            "5 get /api/orders/{}",
            "11 post /carts",
            "13 get /carts/{}",
            "18 delete /things/{}",
            "20 put /g"
        ]
    );
}

#[test]
fn computed_paths_make_the_list_partial() {
    for (path, text) in [
        ("a.go", "package a\nfunc f(r *gin.Engine) {\n\tr.GET(\"/a\", h)\n\tr.POST(path, h)\n}\n"),
        ("a.js", "app.get('/a', h);\napp.post(PATH, h);\n"),
        ("a.py", "@app.get('/a')\ndef a(): pass\n@app.post(PATH)\ndef b(): pass\n"),
        ("a.rs", "fn f() { Router::new().route(\"/a\", get(h)).route(PATH, post(h)); }"),
        (
            "a.java",
            "@RestController\nclass A {\n@GetMapping(\"/a\") void a() {}\n@PostMapping(P.A) void b() {}\n}\n",
        ),
    ] {
        let found = routes(&RepoPath::new(path).unwrap(), text);
        assert!(found.is_partial && found.list.len() == 1, "{path}: {found:?}");
    }
    assert_eq!(
        read(
            "a.go",
            "package a\nfunc f(r *gin.Engine) {\n\to := r.Group(\"/orders\")\n\to.GET(\"\", h)\n\tr.GET(\"/x\", h)\n}\n"
        ),
        ["4 get /orders", "5 get /x"]
    );
}

#[test]
fn rust_nests_and_scopes_are_followed() {
    let text = "fn app() -> Router {\n    let orders = Router::new().route(\"/{id}\", get(show).delete(gone));\n    Router::new()\n        \
                .route(\"/top\", axum::routing::post(make))\n        .nest(\"/orders\", orders)\n        \
                .nest(\"/carts\", Router::new().route(\"/\", get(list)))\n        .nest(\"/users\", users())\n}\n\
                fn users() -> Router {\n    Router::new().route(\"/me\", get(me))\n}\n\
                #[put(\"/things/{id}\")]\nasync fn put() {}\n\
                fn actix(cfg: &mut C) {\n    cfg.service(web::scope(\"/v1\").route(\"/a\", web::get().to(a)));\n}\n";
    assert_eq!(
        read("src/http.rs", text),
        [
            "2 delete /orders/{}",
            "2 get /orders/{}",
            "4 post /top",
            "6 get /carts",
            "10 get /users/me",
            "12 put /things/{}",
            "15 get /v1/a"
        ]
    );
}

#[test]
fn lines_are_read_where_there_is_no_grammar() {
    let text = "@RestController\nclass O {\n  @GetMapping(\"/orders/{id}\")\n  fun one() {}\n  // @PostMapping(\"/no\")\n}\n";
    assert_eq!(read("O.kt", text), ["3 get /orders/{}"]);
    assert_eq!(parameter_names("/a/<int:b>/{c:[0-9]+}/:d"), ["b", "c", "d"]);
}

#[test]
fn files_without_routes_are_told_without_reading_them() {
    for text in [
        "x = d.get(\"key\")\n",
        "let a = map.get(&key);",
        "client.get(url)",
        "Map<String, Mapping> m;",
        "get(\"/a\")",
    ] {
        assert!(!may_have_routes(text), "{text}");
    }
    for text in [
        "r.GET(\"/a\", h)",
        "app.get(\n  '/a', h)",
        "mux.HandleFunc(\"GET /a\", h)",
        "@router.get('')",
        "fastify.route({ url: '/a' })",
        "@GetMapping",
        "@app.get(path='/x')",
    ] {
        assert!(may_have_routes(text), "{text}");
    }
}

fn mounted(path: &str, text: &str, other: &str, scope: &str) -> Vec<String> {
    let (path, other) = (RepoPath::new(path).unwrap(), RepoPath::new(other).unwrap());
    let found = mounts::mounts(&path, text).0;
    let scope = Some(scope).filter(|scope| !scope.is_empty());
    let leading = found.into_iter().filter(|mount| mount.leads(&path, &other, scope));
    leading.map(|mount| mount.prefix).collect()
}

#[test]
fn mounts_lead_to_the_files_of_routers() {
    let script = "import carts, { x } from './routes/carts.js';\nconst orders = require('./routes/orders');\n\
                  app.use('/orders', auth, orders);\napp.use(carts);\napp.use('/api', require('./routes'));\n\
                  app.register(x, { prefix: '/x' });\napp.use(json());\n";
    assert_eq!(mounted("src/app.js", script, "src/routes/orders.ts", "r"), ["/orders"]);
    assert_eq!(mounted("src/app.js", script, "src/routes/carts.js", "r"), ["", "/x"]);
    assert_eq!(mounted("src/app.js", script, "src/routes/index.js", "r"), ["/api"]);
    assert!(mounted("app.js", script, "src/routes/orders.js", "r").is_empty());
    let python = "from .routers import orders\nfrom app.carts import router as carts\n\
                  app.include_router(orders.router, prefix='/orders')\napp.include_router(carts)\n\
                  urlpatterns = [path('shop/', include('shop.urls'))]\n";
    let at = |other, scope| mounted("app/main.py", python, other, scope);
    assert_eq!(at("app/routers/orders.py", "router"), ["/orders"]);
    assert!(at("app/routers/orders.py", "admin").is_empty());
    assert_eq!(at("app/carts/__init__.py", "router"), [""]);
    assert_eq!(at("shop/urls.py", ""), ["shop/"]);
    let rust = "fn app() -> Router { Router::new().nest(\"/orders\", http::orders::router()).merge(carts::routes()) }";
    assert_eq!(mounted("src/main.rs", rust, "src/http/orders.rs", "router"), ["/orders"]);
    assert_eq!(mounted("src/main.rs", rust, "src/carts/mod.rs", "routes"), [""]);
    let go = "package main\nimport \"a.b/shop/internal/orders\"\nfunc f(r *gin.Engine) {\n\tapi := r.Group(\"/api\")\n\t\
              orders.Register(api.Group(\"/orders\"))\n\torders.Other(api)\n\tr.Mount(\"/m\", orders.Router())\n}\n";
    let at = |scope| mounted("main.go", go, "internal/orders/http.go", scope);
    assert_eq!(at("Register"), ["/api/orders"]);
    assert_eq!(at("Other"), ["/api"]);
    assert_eq!(at("Router"), ["/m"]);
    assert!(mounted("main.go", go, "internal/carts/http.go", "Register").is_empty());
}

fn answered(path: &str, text: &str) -> Vec<String> {
    let found = named::functions(&RepoPath::new(path).unwrap(), text).0;
    found
        .iter()
        .map(|it| {
            let codes: Vec<String> = it.statuses.iter().map(|(code, _)| code.to_string()).collect();
            let owner = it.owner.as_deref().unwrap_or("-");
            format!("{owner}.{}: {}", it.name, codes.join(" "))
        })
        .collect()
}

#[test]
fn handlers_say_what_they_answer() {
    let go = "package a\nfunc (s *S) One(w http.ResponseWriter, r *http.Request) {\n\thttp.Error(w, \"x\", 409)\n\t\
              writeJSON(w, http.StatusCreated, x)\n\tif resp.StatusCode == http.StatusGone { log(http.StatusOK) }\n}\n\
              func Two(c *gin.Context) { c.AbortWithStatusJSON(http.StatusNotFound, nil); c.Status(204) }\n\
              func (s *S) Three() http.HandlerFunc {\n\treturn func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }\n}\n\
              func none(x int) { w.WriteHeader(400) }\n";
    assert_eq!(answered("a.go", go), ["S.One: 409 201", "-.Two: 404 204", "S.Three: 404"]);
    let rust = "async fn one() -> Result<Json<A>, StatusCode> {\n    let a = find().await.ok_or(StatusCode::NOT_FOUND)?;\n    \
                if a.status() == StatusCode::GONE { return Err(StatusCode::CONFLICT); }\n    let x = StatusCode::LOCKED;\n    \
                match a { A => Ok(b), StatusCode::OK => Err(StatusCode::ACCEPTED) }\n}\n\
                async fn two() -> impl IntoResponse { (StatusCode::CREATED, Json(1)) }\nfn three() -> u8 { StatusCode::OK }\n";
    assert_eq!(answered("a.rs", rust), ["-.one: 404 409 202", "-.two: 201"]);
    let script = "export const one = async (req, res) => { res.status(404).end(); };\nfunction two(request, reply) { reply.code(409); }\n\
                  exports.three = wrap((req, res) => { res.sendStatus(204); });\nconst four = (a, b) => b.status(500);\n\
                  class C { five(req: Request, res: Response) { return res.status(412).end(); } }\n";
    assert_eq!(
        answered("a.ts", script),
        ["-.one: 404", "-.two: 409", "-.three: 204", "-.five: 412"]
    );
}

#[test]
fn routes_name_their_handlers() {
    let named_in = |path: &str, text: &str| {
        let found = routes(&RepoPath::new(path).unwrap(), text).list;
        found.iter().map(|r| r.handler.named.clone().map(|n| (n.from, n.name))).collect::<Vec<_>>()
    };
    let go = "package a\nimport h \"a.b/c/handlers\"\nfunc (s *S) routes(r chi.Router, o *h.Orders) {\n\tr.Get(\"/a\", s.a)\n\t\
              r.Get(\"/b\", o.B)\n\tr.Get(\"/c\", h.C)\n\tp := NewParts(db)\n\tr.Get(\"/d\", p.D)\n\tr.Get(\"/e\", s.x.E)\n}\n";
    let package = |owner: Option<&str>| {
        named::From::Package("a.b/c/handlers".into(), owner.map(str::to_owned))
    };
    assert_eq!(
        named_in("a.go", go),
        [
            Some((named::From::Type("S".into()), "a".into())),
            Some((package(Some("Orders")), "B".into())),
            Some((package(None), "C".into())),
            Some((named::From::Type("Parts".into()), "D".into())),
            None
        ]
    );
    let rust = "use crate::orders::{list, show};\nfn app() { Router::new().route(\"/a\", get(list)).route(\"/b\", get(carts::one)).route(\"/c\", get(own)); }\nfn own() {}\n";
    assert_eq!(
        named_in("a.rs", rust),
        [
            Some((named::From::Here, "own".into())),
            Some((named::From::Module("carts".into()), "one".into())),
            Some((named::From::Module("orders".into()), "list".into()))
        ]
    );
}

proptest! {
    #[test]
    fn any_text_is_read(text in "[-a-z@#.(){}'\"/:=<>, \n]{0,120}", at in 0..5usize) {
        let path = RepoPath::new(["a.py", "a.java", "a.ts", "a.go", "a.rs"][at]).unwrap();
        let _ = routes(&path, &format!("app.get(\"/a\", urlpatterns)\n{text}"));
    }
}
