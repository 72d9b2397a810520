using System.Net.Http.Json;
using Headgate;

namespace Library;

/// <summary>Limits in tokens: what a request may cost is held until its answer says what it did cost.</summary>
public static class TokenLimits
{
    public static async Task<int> RunAsync(string api)
    {
        using var client = new HeadgateClient(api, o =>
        {
            var model = o.Upstreams["model"];
            model.Base = [api];
            model.Limits = ["500/min", "90000 tokens/min"];
            model.Cost["tokens"] = new CostOptions { Estimate = 1200, Actual = "/usage/total_tokens" };
            model.Keys.Values = ["sk-of-the-example"];
            model.Retry.IdempotencyKey = true;      // a POST that was perhaps done may be sent again
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/responses") { Content = JsonContent.Create(new { input = "Hello" }) };
        using var answer = await client.SendAsync(request.WithCost("tokens", 300).WithPriority(RequestPriority.High));
        return (int)answer.StatusCode;
    }
}
