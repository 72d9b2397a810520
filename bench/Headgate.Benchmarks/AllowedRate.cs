namespace Headgate.Benchmarks;

internal static class AllowedRate
{
    public static Task<int> RunAsync(string[] args) => Task.FromResult(1);
}
