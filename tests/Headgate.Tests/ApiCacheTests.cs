using System.Net;

namespace Headgate.Tests;

/// <summary>Whose answers a request gets, and what they cost.</summary>
[Collection(Threads.Alone)]
public sealed class ApiCacheTests
{
    [Theory]
    [InlineData("http")]
    [InlineData("shared")]
    [InlineData("ttl=60")]
    public async Task A_fresh_answer_costs_no_permit_and_no_attempt(string cache)
    {
        using var api = new CachingApi(cache);
        var first = await api.GetAsync();
        var second = await api.GetAsync();

        Assert.Equal(("miss 200 answer 1", "hit 200 answer 1"), ($"{first}", $"{second}"));
        Assert.Equal((1, 0, null), (api.Asked.Count, second.Exchange.Attempts, second.Exchange.Last));
    }

    [Fact]
    public async Task Without_a_cache_every_request_is_sent()
    {
        using var api = new CachingApi("off");
        Assert.Equal((" 200 answer 1", " 200 answer 2"), ($"{await api.GetAsync()}", $"{await api.GetAsync()}"));
        Assert.Null((await api.GetAsync()).Exchange.Visit);
    }

    [Fact]
    public async Task What_was_kept_before_the_cache_was_off_is_not_used_unseen_when_it_is_on_again()
    {
        using var api = new CachingApi();
        await api.GetAsync();
        Assert.Equal("hit 200 answer 1", $"{await api.GetAsync()}");
        var configuration = api.Engine.Configuration;
        var one = configuration.Upstreams[0];
        api.Time.Advance(TimeSpan.FromSeconds(1));

        api.Engine.Change(configuration with { Upstreams = [one with { Policy = one.Policy with { Cache = Headgate.Configuration.CacheConfiguration.Off } }] });
        await api.EndAsync(api.SendAsync(method: "PUT"));
        api.Time.Advance(TimeSpan.FromSeconds(1));
        api.Engine.Change(configuration);
        api.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("miss 200 answer 3", $"{await api.GetAsync()}");
        Assert.Equal("hit 200 answer 3", $"{await api.GetAsync()}");
        // What changes nothing of the cache leaves it as it is.
        api.Engine.Change(configuration with { Upstreams = [one with { Weight = 2 }] });
        Assert.Equal("hit 200 answer 3", $"{await api.GetAsync()}");
    }

    /// <summary>Two that ask the same URL, and what differs between them: no private cache may give one the answer of the other.</summary>
    [Theory]
    [InlineData("http", "Authorization", "Bearer a", "Bearer b")]
    [InlineData("http", "Authorization", "Bearer a", null)]
    [InlineData("http", "Cookie", "session=a", "session=b")]
    [InlineData("http", "X-Api-Key", "a", "b")]
    [InlineData("http", "Api-Key", "a", null)]
    [InlineData("http", "X-Auth-Token", "a", "b")]
    [InlineData("http", "X-Shopify-Access-Token", "a", "b")]
    [InlineData("http", "Ocp-Apim-Subscription-Key", "a", "b")]
    [InlineData("http", "X-Goog-Api-Key", "a", "b")]
    [InlineData("http", "PRIVATE-TOKEN", "a", "b")]
    [InlineData("http", "X-User-Id", "a", "b")]
    [InlineData("http", "X-Account", "a", "b")]
    [InlineData("http", "Proxy-Authorization", "a", "b")]
    [InlineData("http", "tenant", "a", "b")]
    [InlineData("http", "tenant", "a", null)]
    [InlineData("ttl=60", "Authorization", "Bearer a", "Bearer b")]
    [InlineData("ttl=60", "Cookie", "session=a", "session=b")]
    [InlineData("ttl=60", "tenant", "a", "b")]
    [InlineData("shared", "tenant", "a", "b")]
    [InlineData("http", "X-Forwarded-Host", "a", null)]
    [InlineData("shared", "Authorization", "Bearer a", "Bearer b")]
    [InlineData("shared", "X-Api-Key", "a", "b")]
    [InlineData("shared", "X-Access-Token", "a", "b")]
    public async Task Answers_never_cross_credentials_or_tenants(string cache, string what, string? one, string? other)
    {
        using var api = new CachingApi(cache);

        foreach (var value in (string?[])[one, other, one, other])
            await api.EndAsync(SendAsync(value));

        var isKept = cache != "shared" || what == "tenant";
        Assert.Equal(isKept ? 2 : 4, api.Asked.Count);
        // The answer to the first is not the other's, whoever comes later.
        Assert.NotEqual((await api.EndAsync(SendAsync(one))).Body, (await api.EndAsync(SendAsync(other))).Body);

        Task<Got> SendAsync(string? value) => what == "tenant" ? api.SendAsync(tenant: value) : api.SendAsync(headers: value is null ? [] : [(what, value)]);
    }

    [Theory]
    [InlineData("User-Agent")]
    [InlineData("Accept-Language")]
    [InlineData("Sec-Fetch-User")]
    [InlineData("Keep-Alive")]
    public async Task What_says_nothing_of_who_asks_keeps_nothing_apart(string name)
    {
        using var api = new CachingApi();
        await api.GetAsync("a", (name, "a"));

        Assert.Equal("hit", (await api.GetAsync("a", (name, "b"))).Cache);
    }

    [Fact]
    public async Task Any_two_requests_that_differ_in_who_asks_get_different_answers()
    {
        var random = new Random(7);
        using var api = new CachingApi("http");
        var owners = new Dictionary<string, string>();
        for (var number = 0; number < 300; number++)
        {
            List<(string, string)> headers = [];
            foreach (var name in (string[])["Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization"])
                if (random.Next(3) == 0)
                    headers.Add((name, $"{(char)('a' + random.Next(2))}{(random.Next(4) == 0 ? ":b" : "")}"));
            var tenant = random.Next(3) switch { 0 => null, 1 => "", _ => "t" };
            var who = $"{tenant ?? "nobody"}|{string.Join('|', headers)}";
            var got = await api.EndAsync(api.SendAsync($"{random.Next(2)}", [.. headers], tenant));
            var answer = $"{got.Body}";
            Assert.True(!owners.TryGetValue(answer, out var owner) || owner == who, $"{answer} was {owner}'s, and {who} got it");
            owners[answer] = who;
        }
    }

    [Fact]
    public async Task A_pool_of_one_key_shares_its_answers_and_callers_with_keys_of_their_own_get_none_of_them()
    {
        using var api = new CachingApi("http", "", "k1");

        await api.GetAsync();
        Assert.Equal("hit 200 answer 1", $"{await api.GetAsync()}");
        Assert.Equal("miss 200 answer 2", $"{await api.GetAsync("a", ("Authorization", "Bearer own"))}");
        Assert.Equal("hit 200 answer 2", $"{await api.GetAsync("a", ("Authorization", "Bearer own"))}");
    }

    /// <summary>Answers that do not say that they are for everybody.</summary>
    [Theory]
    [InlineData("http")]
    [InlineData("shared")]
    [InlineData("ttl=60")]
    public async Task Callers_with_credentials_of_their_own_get_nothing_that_our_token_got_and_no_other_client_does(string cache)
    {
        using var api = new CachingApi(cache, OAuth("one"));
        // Without it a cache for many would keep nothing that a token got.
        api.Answer = static (number, _, _) => Task.FromResult(CachingApi.Fresh(number, "public, max-age=60"));

        await api.GetAsync();
        Assert.Equal("hit 200 answer 1", $"{await api.GetAsync()}");
        Assert.Equal("miss 200 answer 2", $"{await api.GetAsync("a", ("Authorization", "Bearer own"))}");
        var configuration = api.Engine.Configuration;
        var one = configuration.Upstreams[0];

        api.Engine.Change(configuration with { Upstreams = [one with { OAuth = one.OAuth! with { ClientId = "two" } }] });
        Assert.Equal("miss 200 answer 3", $"{await api.GetAsync()}");
        api.Engine.Change(configuration with { Upstreams = [one with { OAuth = one.OAuth! with { Scopes = ["write"] } }] });
        Assert.Equal("miss 200 answer 4", $"{await api.GetAsync()}");
        api.Engine.Change(configuration);
        Assert.Equal("hit 200 answer 1", $"{await api.GetAsync()}");
    }

    [Fact]
    public async Task A_cache_for_many_keeps_nothing_that_our_token_got_unless_the_API_says_that_it_may()
    {
        using var api = new CachingApi("shared", OAuth("one"));

        await api.GetAsync();

        Assert.Equal("miss 200 answer 2", $"{await api.GetAsync()}");
    }

    [Fact]
    public async Task What_is_signed_finds_nothing_and_leaves_nothing_and_what_it_changes_is_invalid()
    {
        using var api = new CachingApi();
        await api.GetAsync();
        api.Time.Advance(TimeSpan.FromSeconds(1));

        api.Sign = static attempt => attempt.Headers.TryAddWithoutValidation("Authorization", "AWS4 us");
        Assert.Equal(" 200 answer 2", $"{await api.GetAsync()}");
        api.Answer = (number, request, _) =>
        {
            var answer = CachingApi.Fresh(number);
            answer.Content.Headers.ContentLocation = request.RequestUri;
            return Task.FromResult(answer);
        };
        Assert.Equal(" 200 answer 3", $"{await api.EndAsync(api.SendAsync(method: "POST"))}");
        api.Sign = null;

        Assert.Equal("miss 200 answer 4", $"{await api.GetAsync()}");
    }

    [Fact]
    public async Task A_key_in_the_place_of_another_is_the_only_one()
    {
        using var api = new CachingApi("http", "", "old", "new");
        await api.GetAsync();
        var pool = api.Engine.UpstreamOf(new Uri("https://api.test/a")).Keys!;
        api.Engine.Dispatcher.Change(pool, static (_, pool, _) => pool.Retire(pool.Keys[0]));

        Assert.Equal("miss", (await api.GetAsync()).Cache);
        Assert.Equal("hit", (await api.GetAsync()).Cache);
    }

    [Theory]
    [InlineData("keys:\"answersShared\": false", 4)]
    [InlineData("keys:\"answersShared\": true", 1)]
    [InlineData("keys:\"choose\": \"sticky\"", 1)]
    public async Task Where_any_of_several_keys_may_be_used_answers_are_kept_only_if_the_keys_share_them(string keys, int asked)
    {
        using var api = new CachingApi("http", keys, "k1", "k2");

        for (var number = 0; number < 4; number++)
            await api.GetAsync();

        Assert.Equal(asked, api.Asked.Count);
        if (asked == 4)
            Assert.Contains("fwd=bypass", (await api.GetAsync()).Exchange.Cache!.Header, StringComparison.Ordinal);
    }

    /// <summary>RFC 9111 §3.5: to the API it makes no difference who put the key into the request.</summary>
    [Theory]
    [InlineData("max-age=60", "keys:\"answersShared\": false", 2)]
    [InlineData("max-age=60", "keys:\"as\": \"X-Api-Key: {key}\"", 2)]
    [InlineData("max-age=60", "keys:\"as\": \"?k={key}\"", 2)]
    [InlineData("max-age=60, public", "keys:\"answersShared\": false", 1)]
    [InlineData("s-maxage=60", "keys:\"answersShared\": false", 1)]
    [InlineData("max-age=60", "keys:\"answersShared\": true", 1)]
    public async Task A_cache_for_many_keeps_what_a_key_of_the_pool_got_only_if_somebody_says_that_it_may(string control, string keys, int asked)
    {
        using var api = new CachingApi("shared", keys, "k1") { Answer = (number, _, _) => Task.FromResult(CachingApi.Fresh(number, control)) };
        await api.GetAsync();
        await api.GetAsync();

        Assert.Equal(asked, api.Asked.Count);
    }

    [Fact]
    public async Task What_is_unpacked_and_what_is_passed_on_as_it_is_are_looked_up_alike_where_nothing_is_unpacked()
    {
        using var api = new CachingApi();
        await api.GetAsync();

        Assert.Equal("hit", (await api.EndAsync(api.SendAsync(isPassedOn: false))).Cache);
    }

    private static string OAuth(string client) => $$""", "oauth": { "tokenUrl": "https://login.test/token", "clientId": "{{client}}", "clientSecret": "env:K" }""";

    [Fact]
    public async Task A_shared_cache_in_front_of_callers_passes_errors_on_at_once_and_jobs_are_tried_again()
    {
        using var api = new CachingApi("shared") { Answer = (number, _, _) => Task.FromResult(CachingApi.Fresh(number, "no-store", status: HttpStatusCode.ServiceUnavailable)) };

        Assert.Equal((503, 1), ((await api.GetAsync()).Status, api.Asked.Count));
        await api.EndAsync(api.SendAsync(isPassedOn: false));
        Assert.Equal(5, api.Asked.Count);
    }
}
