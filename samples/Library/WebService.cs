using Headgate;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Library;

/// <summary>An ASP.NET service whose callers share the limits of the API behind it.</summary>
public static class WebService
{
    public static WebApplication Build(string api, params string[] arguments)
    {
        var builder = WebApplication.CreateBuilder(arguments);
        builder.Services.AddHeadgate(o =>
        {
            o.Upstreams["things"].Base = [api];
            o.Upstreams["things"].Limits = ["20/s"];
        });
        builder.Services.AddHttpClient<Things>().AddHeadgate("things");
        builder.Services.AddHealthChecks().AddHeadgate();

        var service = builder.Build();
        service.MapGet("/things/{number:int}", (int number, Things things) => things.GetAsync(number));
        service.MapHealthChecks("/health");
        return service;
    }

    public sealed class Things(HttpClient http)
    {
        public Task<string> GetAsync(int number) => http.GetStringAsync($"things/{number}");
    }
}
